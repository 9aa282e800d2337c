#include "feeds/config_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static void say_errno(struct mistakes *mistakes)
{
    mistakes_say(mistakes, mistakes->file, NULL, "it cannot be read: %s", strerror(errno));
}

/* Everything up to one byte over the limit. */
static int read_all(int fd, struct buf *text)
{
    for (;;) {
        char *room = buf_reserve(text, 16384);
        ssize_t got = 0;

        if (!room) {
            errno = ENOMEM;
            return -1;
        }
        got = read(fd, room, 16384);
        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return -1;
        text->length += (size_t)got;
        if (got == 0 || text->length > CONFIG_FILE_MAX)
            return 0;
    }
}

static struct json *parse(const struct buf *text, struct mistakes *mistakes)
{
    struct json_mistake mistake = {0};
    struct json *tree = json_parse(text->bytes ? text->bytes : "", text->length, &mistake);

    if (!tree) {
        mistakes_add(mistakes, mistake.line, mistake.column, mistake.text);
        return NULL;
    }
    if (tree->type != JSON_OBJECT) {
        mistakes_say(mistakes, mistakes->file, tree, "expected an object {…}");
        json_free(tree);
        return NULL;
    }
    return tree;
}

int config_file_read(int dir_fd, const char *path, struct json **tree, struct mistakes *mistakes)
{
    /* Not to hang on a fifo that lies there. */
    int fd = openat(dir_fd, path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    struct stat stat;
    struct buf text;

    *tree = NULL;
    if (fd < 0 && errno == ENOENT)
        return 1;
    buf_init(&text, CONFIG_FILE_MAX + 65536);
    if (fd >= 0 && fstat(fd, &stat) == 0 && !S_ISREG(stat.st_mode))
        mistakes_add(mistakes, 0, 0, "it is not a regular file");
    else if (fd < 0 || read_all(fd, &text) != 0)
        say_errno(mistakes);
    else if (text.length > CONFIG_FILE_MAX)
        mistakes_add(mistakes, 0, 0, "it is larger than 1MiB");
    else
        *tree = parse(&text, mistakes);
    buf_release(&text);
    if (fd >= 0)
        close(fd);
    return *tree ? 0 : -1;
}
