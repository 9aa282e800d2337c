#include "companion/keys.h"

#include <string.h>

#include "base/clock.h"
#include "feeds/feed_settings.h"

enum { FALLBACK_WIDTH = 15 };

void keys_range(const struct setting *key, char out[KEYS_RANGE_MAX])
{
    char least[CLOCK_DURATION_MAX], most[CLOCK_DURATION_MAX];

    out[0] = '\0';
    if (key->most == 0)
        return;
    switch (key->type) {
    case SETTING_DURATION:
        clock_format_duration(key->least, least);
        clock_format_duration(key->most, most);
        break;
    case SETTING_SIZE:
        clock_format_size(key->least, least);
        clock_format_size(key->most, most);
        break;
    case SETTING_COUNT:
        snprintf(least, sizeof least, "%lld", (long long)key->least);
        snprintf(most, sizeof most, "%lld", (long long)key->most);
        break;
    case SETTING_BOOL:
    case SETTING_TEXT:
    case SETTING_OBJECT:
    case SETTING_OTHER:
        return;
    }
    snprintf(out, KEYS_RANGE_MAX, "%s…%s", least, most);
}

/* A default that is too long for its column pushes the help to the next line. */
static void print_key(FILE *out, const char *name, const struct setting *key)
{
    const char *fallback = key->fallback_text ? key->fallback_text : "";
    char range[KEYS_RANGE_MAX];

    keys_range(key, range);
    fprintf(out, "  %-22s %-*s", name, FALLBACK_WIDTH, fallback);
    if (strlen(fallback) > FALLBACK_WIDTH)
        fprintf(out, "\n%*s", 2 + 22 + 1 + FALLBACK_WIDTH, "");
    fprintf(out, "  %s%s%s%s\n", key->help, *range ? " (" : "", range, *range ? ")" : "");
}

static void print_table(FILE *out, const struct setting *table, const char *parent)
{
    for (; table->key; table++) {
        char name[64];

        snprintf(name, sizeof name, "%s%s%s", parent, *parent ? "." : "", table->key);
        print_key(out, name, table);
        if (table->nested)
            print_table(out, table->nested, name);
    }
}

void keys_print(FILE *out)
{
    fputs("Keys of a feed (feeds/NAME.json): key, default, meaning (bounds)\n\n", out);
    print_table(out, feed_settings, "");
    fputs("\nKeys of the service (pollard.json): key, default, meaning (bounds)\n\n", out);
    print_table(out, service_settings, "");
}
