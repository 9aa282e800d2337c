#include "text_sink.h"

static int text_write(void *cookie, const char *bytes, size_t length, struct err *err)
{
    struct text_sink *text = cookie;

    return buf_append(&text->text, bytes, length) ? err_memory(err) : 0;
}

void text_sink_init(struct text_sink *text)
{
    text->sink = (struct sink){text_write, text};
    buf_init(&text->text, (size_t)256 * 1024 * 1024);
}

void text_sink_release(struct text_sink *text)
{
    buf_release(&text->text);
}

const char *text_sink_text(struct text_sink *text)
{
    return buf_text(&text->text);
}
