/* Whom we believe: openssl s_server with a certificate that it signed itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/transfers_stage.h"

#define WRONG_PIN "sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="

static char dir[] = "/tmp/test_tls_XXXXXX";
static char key[64], certificate[64], other[64], pin[128];
static pid_t s_server;
static int words_of_server = -1;
static unsigned tls_port;

static void make_certificate(const char *key_path, const char *path)
{
    char line[512];

    snprintf(line, sizeof(line),
             "openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost "
             "-addext subjectAltName=DNS:localhost,IP:127.0.0.1 -keyout %s -out %s 2>/dev/null",
             key_path, path);
    assert_int_equal(system(line), 0);
}

static void read_pin(void)
{
    char line[512];
    FILE *words;

    snprintf(line, sizeof(line),
             "openssl x509 -in %s -pubkey -noout | openssl pkey -pubin -outform der | "
             "openssl dgst -sha256 -binary | openssl base64",
             certificate);
    words = popen(line, "r");
    assert_non_null(words);
    strcpy(pin, "sha256//");
    assert_non_null(fgets(pin + 8, sizeof(pin) - 8, words));
    pclose(words);
    pin[strcspn(pin, "\n")] = '\0';
}

/* On a free port, which it prints: "ACCEPT 0.0.0.0:41234". */
static void start_s_server(void)
{
    char line[256];
    int ends[2];
    FILE *words;

    assert_int_equal(pipe(ends), 0);
    s_server = fork();
    if (s_server == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(ends[1], STDOUT_FILENO);
        dup2(open("/dev/null", O_WRONLY), STDERR_FILENO);
        dup2(open("/dev/null", O_RDONLY), STDIN_FILENO);
        close(ends[0]);
        close(ends[1]);
        execlp("openssl", "openssl", "s_server", "-accept", "0.0.0.0:0", "-www", "-key", key,
               "-cert", certificate, (char *)NULL);
        _exit(127);
    }
    close(ends[1]);
    words_of_server = ends[0];
    words = fdopen(dup(ends[0]), "r");
    tls_port = 0;
    while (tls_port == 0 && fgets(line, sizeof(line), words))
        if (strncmp(line, "ACCEPT ", 7) == 0 && strrchr(line, ':'))
            tls_port = (unsigned)strtoul(strrchr(line, ':') + 1, NULL, 10);
    fclose(words);
    assert_true(tls_port > 0);
}

static void stop_s_server(void)
{
    if (s_server > 0) {
        kill(s_server, SIGKILL);
        waitpid(s_server, NULL, 0);
        close(words_of_server);
    }
    s_server = 0;
}

static bool has_openssl;

static int set_up(void **state)
{
    (void)state;
    has_openssl = system("openssl version >/dev/null 2>&1") == 0;
    if (!has_openssl)
        print_message("SKIPPED: no openssl command, TLS is not tested here\n");
    if (!mkdtemp(dir))
        return -1;
    snprintf(key, sizeof(key), "%s/key", dir);
    snprintf(certificate, sizeof(certificate), "%s/cert", dir);
    snprintf(other, sizeof(other), "%s/other", dir);
    return stage_set_up(NULL, 0);
}

static int tear_down(void **state)
{
    stop_s_server(); /* if a test failed */
    unlink(key);
    unlink(certificate);
    unlink(other);
    rmdir(dir);
    return stage_tear_down(state);
}

static const struct {
    const char *what, *host;
    const char *ca_file, *pin;
    enum response_error error;
} CASES[] = {
    {"nobody vouches for it", "127.0.0.1", NULL, NULL, RESPONSE_TLS},
    {"the right pin does not vouch", "127.0.0.1", NULL, pin, RESPONSE_TLS},
    {"its own certificate vouches", "127.0.0.1", certificate, NULL, RESPONSE_OK},
    {"by name", "localhost", certificate, NULL, RESPONSE_OK},
    {"another name", "127.0.0.2", certificate, NULL, RESPONSE_TLS},
    {"the right pin", "127.0.0.1", certificate, pin, RESPONSE_OK},
    {"a wrong pin", "127.0.0.1", certificate, WRONG_PIN, RESPONSE_TLS},
    {"another certificate vouches", "127.0.0.1", other, NULL, RESPONSE_TLS},
    {"a ca_file that is not there", "127.0.0.1", "/nonexistent", NULL, RESPONSE_TLS},
};

static struct request request_to(const char *host, char url[URL_BYTES])
{
    struct request request = request_for("/", url);

    snprintf(url, URL_BYTES, "https://%s:%u/?key=secret", host, tls_port);
    request.max_body_bytes = 1000000;
    return request;
}

static void only_a_server_that_somebody_vouches_for_is_heard(void **state)
{
    (void)state;
    if (!has_openssl)
        skip();
    make_certificate(key, other); /* of a key that is then overwritten */
    make_certificate(key, certificate);
    read_pin();
    start_s_server();
    for (size_t i = 0; i < sizeof(CASES) / sizeof(CASES[0]); i++) {
        char url[URL_BYTES];
        struct request request = request_to(CASES[i].host, url);
        struct answer answer;

        request.ca_file = CASES[i].ca_file;
        request.pin = CASES[i].pin;
        fetch_request(&request, &answer);
        if (answer.response.error != CASES[i].error)
            fail_msg("%s: error %d (%s), expected %d", CASES[i].what, answer.response.error,
                     answer.response.reason, CASES[i].error);
        assert_int_equal(answer.response.status, CASES[i].error == RESPONSE_OK ? 200 : 0);
        assert_true(answer.response.has_connected);
        assert_string_not_equal(answer.response.remote_address, "");
        assert_null(strstr(answer.response.reason, "secret"));
        answer_release(&answer);
    }
    stop_s_server();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_a_server_that_somebody_vouches_for_is_heard),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
