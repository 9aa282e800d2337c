/* replay DIRECTORY: a target's inputs, one after another, without libFuzzer. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tests/fuzz/input.h"

static void replay(int dir_fd, const char *name)
{
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC);
    struct stat stat;
    uint8_t *bytes;

    must(fd >= 0 && fstat(fd, &stat) == 0 && S_ISREG(stat.st_mode));
    bytes = malloc(stat.st_size ? (size_t)stat.st_size : 1);
    must(bytes && read(fd, bytes, (size_t)stat.st_size) == stat.st_size);
    close(fd);
    printf("%s\n", name);
    fflush(stdout);
    LLVMFuzzerTestOneInput(bytes, (size_t)stat.st_size);
    free(bytes);
}

int main(int count, char **words)
{
    DIR *dir = count == 2 ? opendir(words[1]) : NULL;
    int inputs = 0;

    if (!dir) {
        fprintf(stderr, "replay: expected a directory that can be read\n");
        return 1;
    }
    for (struct dirent *entry; (entry = readdir(dir));) {
        if (entry->d_name[0] == '.')
            continue;
        replay(dirfd(dir), entry->d_name);
        inputs++;
    }
    closedir(dir);
    printf("%d inputs\n", inputs);
    return inputs ? 0 : 1;
}
