#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <lmdb.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "scratch_store.h"
#include "storage/tables.h"

enum { FEED = 3, PATH_MAX_HERE = 256, NOBODY = 65534 };

struct place {
    char parent[SCRATCH_DIR_MAX], dir[PATH_MAX_HERE];
};

/* A directory that is not there yet, in one that is. */
static int start(void **state)
{
    static struct place place;

    scratch_dir(place.parent);
    (void)snprintf(place.dir, sizeof place.dir, "%s/deep/store", place.parent);
    *state = &place;
    return 0;
}

static int end(void **state)
{
    const struct place *place = *state;

    scratch_remove(place->parent);
    return 0;
}

static const char *path_of(const struct place *place, const char *name)
{
    static char path[PATH_MAX_HERE + 32];

    (void)snprintf(path, sizeof path, "%s/%s", place->dir, name);
    return path;
}

static struct store *open_store(const char *dir, enum store_mode mode)
{
    struct store *store;
    struct err err = {0};

    if (store_open(&store, dir, mode, &err))
        fail_msg("%s", err.text);
    return store;
}

static void create(const struct place *place)
{
    store_close(open_store(place->dir, STORE_WRITE));
}

static void assert_refused(const char *dir, enum store_mode mode, enum err_kind kind,
                           const char *words)
{
    struct store *store;
    struct err err = {0};

    assert_int_equal(store_open(&store, dir, mode, &err), -1);
    assert_null(store);
    if (err.kind != kind || !strstr(err.text, words))
        fail_msg("%d: %s", err.kind, err.text);
}

static mode_t mode_of(const char *path)
{
    struct stat st;

    assert_int_equal(lstat(path, &st), 0);
    return st.st_mode & 07777;
}

static void a_new_store_has_its_modes_whatever_the_umask(void **state)
{
    static const mode_t umasks[] = {0, 022, 077};
    struct place *place = *state;

    for (size_t i = 0; i < 3; i++) {
        mode_t before = umask(umasks[i]);

        (void)snprintf(place->dir, sizeof place->dir, "%s/deep/store-%zu", place->parent, i);
        create(place);
        (void)umask(before);
        assert_int_equal(mode_of(place->dir), 0750);
        assert_int_equal(mode_of(path_of(place, "data.mdb")), 0640);
        assert_int_equal(mode_of(path_of(place, "lock.mdb")), 0660);
        assert_int_equal(mode_of(path_of(place, "pollardd.lock")), 0640 & ~umasks[i]);
    }
}

static void the_environment_has_no_flag_that_trades_safety_for_speed(void **state)
{
    const struct place *place = *state;
    struct store *store = open_store(place->dir, STORE_WRITE);
    unsigned flags;

    assert_int_equal(mdb_env_get_flags(store->env, &flags), 0);
    assert_int_equal(flags & (MDB_NOSYNC | MDB_NOMETASYNC | MDB_WRITEMAP | MDB_MAPASYNC |
                              MDB_NOLOCK | MDB_FIXEDMAP),
                     0);
    store_close(store);
}

static void no_descriptor_of_the_store_is_left_to_children(void **state)
{
    const struct place *place = *state;
    struct scratch scratch = {0};
    DIR *fds;
    struct dirent *entry;
    unsigned seen = 0;

    memcpy(scratch.dir, place->parent, sizeof scratch.dir);
    scratch_reopen(&scratch);
    assert_true(scratch_put(&scratch, scratch_feed(FEED, "buses")));
    fds = opendir("/proc/self/fd");
    assert_non_null(fds);
    while ((entry = readdir(fds))) {
        char link[64], target[PATH_MAX_HERE] = "";

        (void)snprintf(link, sizeof link, "/proc/self/fd/%.20s", entry->d_name);
        if (readlink(link, target, sizeof target - 1) < 0 || !strstr(target, scratch.dir))
            continue;
        seen++;
        if (!(fcntl(atoi(entry->d_name), F_GETFD) & FD_CLOEXEC))
            fail_msg("%s", target);
    }
    (void)closedir(fds);
    assert_in_range(seen, 3, 5);
    scratch_close(&scratch);
}

/* What the child says on its way out: the kind of its error, 0 for none. */
static int kind_in_child(const char *dir, enum store_mode mode, uid_t uid, gid_t gid)
{
    pid_t child = fork();
    int status;

    if (child == 0) {
        struct store *store;
        struct err err = {0};

        if (uid && (setgroups(0, NULL) || setgid(gid) || setuid(uid)))
            _exit(100);
        if (!store_open(&store, dir, mode, &err))
            store_close(store);
        _exit((int)err.kind);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* fork() with a store open is for what does not touch it; so the holder is the child here. */
static pid_t start_holder(const char *dir)
{
    int ends[2];
    char byte;
    pid_t child;

    assert_int_equal(pipe(ends), 0);
    child = fork();
    if (child == 0) {
        struct store *store;

        if (!store_open(&store, dir, STORE_WRITE, NULL) && write(ends[1], "x", 1) == 1)
            for (;;)
                (void)pause();
        _exit(1);
    }
    (void)close(ends[1]);
    assert_int_equal(read(ends[0], &byte, 1), 1);
    (void)close(ends[0]);
    return child;
}

static void the_second_service_learns_who_has_the_store(void **state)
{
    const struct place *place = *state;
    pid_t holder = start_holder(place->dir);
    struct store *reader;
    char words[PATH_MAX_HERE + 64];

    (void)snprintf(words, sizeof words, "store \"%s\" is in use by pollardd with pid %d",
                   place->dir, (int)holder);
    assert_refused(place->dir, STORE_WRITE, ERR_IN_USE, words);
    reader = open_store(place->dir, STORE_READ); /* a reader may come in */
    store_close(reader);

    assert_int_equal(kill(holder, SIGKILL), 0);
    assert_int_equal(waitpid(holder, NULL, 0), holder);
    create(place); /* nothing to clean up by hand */
}

static void reading_creates_nothing(void **state)
{
    const struct place *place = *state;

    assert_refused(place->dir, STORE_READ, ERR_ABSENT, "no store in");
    assert_int_equal(access(place->dir, F_OK), -1);
    create(place);
    assert_int_equal(unlink(path_of(place, "data.mdb")), 0);
    assert_int_equal(unlink(path_of(place, "lock.mdb")), 0);
    assert_refused(place->dir, STORE_READ, ERR_ABSENT, "no store in");
    assert_int_equal(access(path_of(place, "lock.mdb"), F_OK), -1);
    assert_int_equal(access(path_of(place, "data.mdb"), F_OK), -1);
}

static void write_file(const char *path, const void *bytes, size_t length)
{
    FILE *file = fopen(path, "wb");

    assert_non_null(file);
    assert_int_equal(fwrite(bytes, 1, length, file), length);
    assert_int_equal(fclose(file), 0);
}

static void a_file_that_is_no_store_is_damaged(void **state)
{
    const struct place *place = *state;
    static char garbage[100000];

    create(place);
    scratch_noise(garbage, sizeof garbage, 3);
    write_file(path_of(place, "data.mdb"), garbage, sizeof garbage);
    assert_refused(place->dir, STORE_READ, ERR_DAMAGED, "run pollard verify");
    assert_refused(place->dir, STORE_WRITE, ERR_DAMAGED, "run pollard verify");
    write_file(path_of(place, "data.mdb"), garbage, 10);
    assert_refused(place->dir, STORE_READ, ERR_DAMAGED, "run pollard verify");
    write_file(path_of(place, "data.mdb"), garbage, 0);
    assert_refused(place->dir, STORE_READ, ERR_DAMAGED, "data.mdb is empty");
}

static void a_truncated_file_is_damaged_before_a_page_is_touched(void **state)
{
    const struct place *place = *state;
    struct scratch scratch = {0};
    static char noise[1 << 20];
    struct stat st;

    memcpy(scratch.dir, place->parent, sizeof scratch.dir);
    scratch_noise(noise, sizeof noise, 1);
    scratch_reopen(&scratch);
    assert_true(scratch_put(&scratch, scratch_new(FEED, NOON, noise, sizeof noise)));
    scratch_close(&scratch);
    (void)snprintf(((struct place *)*state)->dir, PATH_MAX_HERE, "%s", scratch.dir);
    assert_int_equal(stat(path_of(place, "data.mdb"), &st), 0);
    for (off_t length = st.st_size - (300 << 10); length > 8192; length /= 2) {
        assert_int_equal(truncate(path_of(place, "data.mdb"), length), 0);
        assert_refused(place->dir, STORE_READ, ERR_DAMAGED, "run pollard verify");
        if (st.st_size - length > (256 << 10))
            assert_refused(place->dir, STORE_WRITE, ERR_DAMAGED, "run pollard verify");
    }
}

/* LMDB does not write pages that one transaction took and gave back. So here both of its first
 * pages say that the last page is three further on than the file goes. */
static void a_file_that_lacks_a_few_pages_at_its_end_is_mended_by_the_service(void **state)
{
    enum { PAGE = 4096, LAST_PAGE_AT = 136, LACKING = 3 };
    const struct place *place = *state;
    struct stat before, after;
    int fd;

    create(place);
    assert_int_equal(stat(path_of(place, "data.mdb"), &before), 0);
    fd = open(path_of(place, "data.mdb"), O_RDWR);
    for (off_t at = LAST_PAGE_AT; at < PAGE + PAGE; at += PAGE) {
        uint64_t last;

        assert_int_equal(pread(fd, &last, sizeof last, at), sizeof last);
        last += LACKING;
        assert_int_equal(pwrite(fd, &last, sizeof last, at), sizeof last);
    }
    assert_int_equal(close(fd), 0);
    assert_refused(place->dir, STORE_READ, ERR_DAMAGED, "run pollard verify");
    create(place);
    assert_int_equal(stat(path_of(place, "data.mdb"), &after), 0);
    assert_int_equal(after.st_size, before.st_size + (off_t)LACKING * PAGE);
    store_close(open_store(place->dir, STORE_READ));
}

static void a_store_of_a_newer_release_is_left_alone(void **state)
{
    const struct place *place = *state;
    struct store *store = open_store(place->dir, STORE_WRITE);
    uint8_t bytes[8] = {0x80, 0, 0, 0, 0, 0, 0, STORE_FORMAT + 1};
    MDB_val key = {6, "format"}, value = {8, bytes};
    MDB_txn *txn;

    assert_int_equal(mdb_txn_begin(store->env, NULL, 0, &txn), 0);
    assert_int_equal(table_put(store, txn, TABLE_META, &key, &value, 0), 0);
    assert_int_equal(mdb_drop(txn, store->tables[TABLE_SHAPES], 1), 0);
    assert_int_equal(mdb_txn_commit(txn), 0);
    store_close(store);
    assert_refused(place->dir, STORE_READ, ERR_NEWER, "format 2, this release knows up to 1");
    assert_refused(place->dir, STORE_WRITE, ERR_NEWER, "format 2, this release knows up to 1");
}

static void links_are_not_followed(void **state)
{
    const struct place *place = *state;
    static const char *const names[] = {"data.mdb", "lock.mdb", "pollardd.lock"};
    char target[PATH_MAX_HERE];

    (void)snprintf(target, sizeof target, "%s/target", place->parent);
    for (size_t i = 0; i < 3; i++) {
        create(place);
        assert_int_equal(unlink(path_of(place, names[i])), 0);
        assert_int_equal(symlink(target, path_of(place, names[i])), 0);
        assert_refused(place->dir, STORE_WRITE, ERR_IO, names[i]);
        assert_int_equal(access(target, F_OK), -1);
        assert_int_equal(unlink(path_of(place, names[i])), 0);
    }
}

static bool is_root(void)
{
    if (geteuid() == 0)
        return true;
    print_message("SKIPPED: needs root to become other users\n");
    return false;
}

static void the_group_may_read_and_others_may_not(void **state)
{
    const struct place *place = *state;
    static const char *const names[] = {"", "data.mdb", "lock.mdb"};

    if (!is_root())
        skip();
    create(place);
    assert_int_equal(chmod(place->parent, 0755), 0);
    assert_int_equal(kind_in_child(place->dir, STORE_READ, NOBODY, NOBODY), ERR_IO);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(chown(path_of(place, names[i]), 0, NOBODY), 0);
    assert_int_equal(kind_in_child(place->dir, STORE_READ, NOBODY, NOBODY), ERR_NONE);
    /* and without a lock that it may write */
    assert_int_equal(chmod(path_of(place, "lock.mdb"), 0640), 0);
    assert_int_equal(kind_in_child(place->dir, STORE_READ, NOBODY, NOBODY), ERR_NONE);
    assert_int_equal(unlink(path_of(place, "lock.mdb")), 0);
    assert_int_equal(kind_in_child(place->dir, STORE_READ, NOBODY, NOBODY), ERR_NONE);
    assert_int_equal(access(path_of(place, "lock.mdb"), F_OK), -1);
}

static void root_reads_as_the_owner(void **state)
{
    const struct place *place = *state;
    static const char *const names[] = {"", "data.mdb"};
    struct stat st;

    if (!is_root())
        skip();
    create(place);
    assert_int_equal(unlink(path_of(place, "lock.mdb")), 0);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(chown(path_of(place, names[i]), NOBODY, NOBODY), 0);
    /* below a directory that the owner may not enter, root stays root and leaves no trace */
    assert_int_equal(chmod(place->parent, 0700), 0);
    store_close(open_store(place->dir, STORE_READ));
    assert_int_equal(access(path_of(place, "lock.mdb"), F_OK), -1);
    assert_int_equal(chmod(place->parent, 0755), 0);
    store_close(open_store(place->dir, STORE_READ));
    assert_int_equal(stat(path_of(place, "lock.mdb"), &st), 0);
    assert_int_equal(st.st_uid, NOBODY);
    assert_int_equal(st.st_gid, NOBODY);
    assert_int_equal(geteuid(), 0);
    assert_int_equal(getegid(), getgid());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_new_store_has_its_modes_whatever_the_umask, start, end),
        cmocka_unit_test_setup_teardown(the_environment_has_no_flag_that_trades_safety_for_speed,
                                        start, end),
        cmocka_unit_test_setup_teardown(no_descriptor_of_the_store_is_left_to_children, start, end),
        cmocka_unit_test_setup_teardown(the_second_service_learns_who_has_the_store, start, end),
        cmocka_unit_test_setup_teardown(reading_creates_nothing, start, end),
        cmocka_unit_test_setup_teardown(a_file_that_is_no_store_is_damaged, start, end),
        cmocka_unit_test_setup_teardown(a_truncated_file_is_damaged_before_a_page_is_touched, start,
                                        end),
        cmocka_unit_test_setup_teardown(
            a_file_that_lacks_a_few_pages_at_its_end_is_mended_by_the_service, start, end),
        cmocka_unit_test_setup_teardown(a_store_of_a_newer_release_is_left_alone, start, end),
        cmocka_unit_test_setup_teardown(links_are_not_followed, start, end),
        cmocka_unit_test_setup_teardown(the_group_may_read_and_others_may_not, start, end),
        cmocka_unit_test_setup_teardown(root_reads_as_the_owner, start, end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
