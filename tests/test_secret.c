/* Secrets: which files are taken, which are refused and in what words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "feeds/secret.h"
#include "tests/config_dir.h"

static struct config_dir dir;

static int setup(void **state)
{
    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    config_dir_open(&dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unsetenv("CREDENTIALS_DIRECTORY");
    config_dir_close(&dir);
    return 0;
}

static void put(const char *name, const char *bytes, size_t length, mode_t mode)
{
    char file[256];
    char path[512];

    snprintf(file, sizeof file, "secrets/%s", name);
    config_dir_put_bytes(&dir, file, bytes, length);
    snprintf(path, sizeof path, "%s/%s", dir.path, file);
    assert_int_equal(chmod(path, mode), 0);
}

static void secret_files_are_judged(void **state)
{
    static const struct {
        const char *name, *bytes;
        size_t length;
        mode_t mode;
        const char *value;   /* NULL: refused */
        const char *mistake; /* a part of it */
    } cases[] = {
        {"a", "value\n", 6, 0600, "value", NULL},
        {"b.c_d-e", "value", 5, 0400, "value", NULL},
        {"crlf", "value\r\n", 7, 0600, "value", NULL},
        {"blanks", " a b ", 5, 0600, " a b ", NULL},
        {"two", "a\n\n", 3, 0600, NULL, "must be one line"},
        {"cr", "a\rb", 3, 0600, NULL, "must be one line"},
        {"last-cr", "a\r", 2, 0600, NULL, "must be one line"},
        {"nul", "a\0b", 3, 0600, NULL, "must be one line without NUL"},
        {"empty", "", 0, 0600, NULL, "it is empty"},
        {"newline", "\n", 1, 0600, NULL, "it is empty"},
        {"group", "sesame", 6, 0640, NULL,
         "others may read it (mode 0640), do: chmod 600 secrets/group"},
        {"world", "sesame", 6, 0604, NULL, "others may read it (mode 0604)"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct secrets *secrets = secrets_new(dir.path);
        struct err err = {0};
        struct buf out;
        int status = 0;

        buf_init(&out, 1000);
        put(cases[i].name, cases[i].bytes, cases[i].length, cases[i].mode);
        status = secrets_load(secrets, cases[i].name, &err);
        if (cases[i].value) {
            assert_int_equal(status, 0);
            assert_int_equal(secrets_append(secrets, cases[i].name, &out, &err), 0);
            assert_string_equal(buf_text(&out), cases[i].value);
        } else {
            assert_int_equal(status, -1);
            assert_int_equal(err.kind, ERR_CONFIG);
            assert_non_null(strstr(err.text, cases[i].mistake));
            assert_non_null(strstr(err.text, cases[i].name));
            assert_null(strstr(err.text, "sesame"));
            assert_int_equal(secrets_append(secrets, cases[i].name, &out, &err), -1);
            assert_int_equal(err.kind, ERR_ABSENT);
        }
        buf_release(&out);
        secrets_free(secrets);
    }
}

static void what_is_not_a_file_of_its_own_is_refused(void **state)
{
    struct secrets *secrets = secrets_new(dir.path);
    struct err err = {0};
    char path[512];

    (void)state;
    put("real", "x", 1, 0600);
    snprintf(path, sizeof path, "%s/secrets/link", dir.path);
    assert_int_equal(symlink("real", path), 0);
    assert_int_equal(secrets_load(secrets, "link", &err), -1);
    assert_non_null(strstr(err.text, "it is a link"));
    snprintf(path, sizeof path, "%s/secrets/fifo", dir.path);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(secrets_load(secrets, "fifo", &err), -1);
    assert_non_null(strstr(err.text, "not a regular file"));
    snprintf(path, sizeof path, "%s/secrets/dir", dir.path);
    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(secrets_load(secrets, "dir", &err), -1);
    assert_non_null(strstr(err.text, "not a regular file"));
    assert_int_equal(secrets_load(secrets, "absent", &err), -1);
    assert_string_equal(err.text,
                        "secret \"absent\" is absent: put it into secrets/absent, mode 0600");
    secrets_free(secrets);
}

static void names_cannot_leave_the_directory(void **state)
{
    static const char *const names[] = {"",  ".",   "..", "../secrets/real", "a/b", "a b",
                                        "ä", "a\n", "x{", "/etc/passwd"};
    struct secrets *secrets = secrets_new(dir.path);
    struct err err = {0};
    char name[102];

    (void)state;
    put("real", "x", 1, 0600);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        assert_false(secret_name_is_legal(names[i]));
        assert_int_equal(secrets_load(secrets, names[i], &err), -1);
    }
    memset(name, 'x', sizeof name);
    name[101] = '\0';
    assert_false(secret_name_is_legal(name));
    name[100] = '\0';
    assert_true(secret_name_is_legal(name));
    secrets_free(secrets);
}

static void a_secret_has_at_most_64_kib(void **state)
{
    enum { MOST = 64 * 1024 };
    static char bytes[MOST + 10];
    struct secrets *secrets = secrets_new(dir.path);
    struct err err = {0};

    (void)state;
    memset(bytes, 'x', sizeof bytes);
    put("most", bytes, MOST, 0600);
    assert_int_equal(secrets_load(secrets, "most", &err), 0);
    put("more", bytes, MOST + 1, 0600);
    assert_int_equal(secrets_load(secrets, "more", &err), -1);
    assert_non_null(strstr(err.text, "larger than 64KiB"));
    bytes[MOST] = '\r';
    bytes[MOST + 1] = '\n';
    put("line", bytes, MOST + 2, 0600);
    assert_int_equal(secrets_load(secrets, "line", &err), 0);
    put("cut", bytes, MOST + 5, 0600);
    assert_int_equal(secrets_load(secrets, "cut", &err), -1);
    secrets_free(secrets);
}

static void credentials_are_looked_up_second_and_their_mode_is_not_ours(void **state)
{
    struct secrets *secrets = secrets_new(dir.path);
    struct err err = {0};
    struct buf out;
    char path[512];

    (void)state;
    buf_init(&out, 100);
    snprintf(path, sizeof path, "%s/feeds", dir.path);
    setenv("CREDENTIALS_DIRECTORY", path, 1);
    config_dir_put(&dir, "feeds/both", "theirs");
    config_dir_put(&dir, "feeds/only", "only");
    snprintf(path, sizeof path, "%s/feeds/only", dir.path);
    assert_int_equal(chmod(path, 0444), 0);
    put("both", "ours", 4, 0600);
    assert_int_equal(secrets_load(secrets, "both", &err), 0);
    assert_int_equal(secrets_load(secrets, "only", &err), 0);
    secrets_append(secrets, "both", &out, NULL);
    secrets_append(secrets, "only", &out, NULL);
    assert_string_equal(buf_text(&out), "oursonly");
    buf_release(&out);
    secrets_free(secrets);
}

static void a_copied_secret_serves_until_its_file_is_right_again(void **state)
{
    struct secrets *old = secrets_new(dir.path);
    struct secrets *secrets = secrets_new(dir.path);
    struct err err = {0};
    struct buf out;

    (void)state;
    buf_init(&out, 3);
    put("k", "one", 3, 0600);
    assert_int_equal(secrets_load(old, "k", &err), 0);
    config_dir_delete(&dir, "secrets/k");
    assert_int_equal(secrets_copy(secrets, old, "other", &err), -1);
    assert_int_equal(err.kind, ERR_ABSENT);
    assert_int_equal(secrets_copy(secrets, old, "k", &err), 0);
    secrets_free(old);
    assert_int_equal(secrets_load(secrets, "k", &err), -1);
    assert_int_equal(secrets_append(secrets, "k", &out, &err), 0);
    assert_string_equal(buf_text(&out), "one");
    put("k", "two", 3, 0600);
    assert_int_equal(secrets_load(secrets, "k", &err), 0);
    assert_int_equal(secrets_append(secrets, "k", &out, &err), -1); /* no room */
    assert_int_equal(err.kind, ERR_FULL);
    buf_reset(&out);
    assert_int_equal(secrets_append(secrets, "k", &out, &err), 0);
    assert_string_equal(buf_text(&out), "two");
    buf_release(&out);
    secrets_free(secrets);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(secret_files_are_judged, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_not_a_file_of_its_own_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(names_cannot_leave_the_directory, setup, teardown),
        cmocka_unit_test_setup_teardown(a_secret_has_at_most_64_kib, setup, teardown),
        cmocka_unit_test_setup_teardown(credentials_are_looked_up_second_and_their_mode_is_not_ours,
                                        setup, teardown),
        cmocka_unit_test_setup_teardown(a_copied_secret_serves_until_its_file_is_right_again, setup,
                                        teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
