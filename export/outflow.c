#include "export/outflow.h"

enum { OUTFLOW_MUCH = 256 * 1024 };
/* One row of one body can be as large as the body; nothing that is written at once is larger. */
#define OUTFLOW_MAX ((size_t)1 << 30)

void outflow_init(struct outflow *out, const struct sink *sink, struct reader *reader)
{
    buf_init(&out->text, OUTFLOW_MAX);
    out->sink = sink;
    out->reader = reader;
}

void outflow_release(struct outflow *out)
{
    buf_release(&out->text);
}

int outflow_pass(struct outflow *out, struct err *err)
{
    return out->text.length < OUTFLOW_MUCH ? 0 : outflow_flush(out, err);
}

int outflow_flush(struct outflow *out, struct err *err)
{
    if (!out->text.length)
        return 0;
    if (out->reader)
        reader_rest(out->reader);
    if (out->sink->write(out->sink->cookie, out->text.bytes, out->text.length, err))
        return -1;
    buf_reset(&out->text);
    return 0;
}
