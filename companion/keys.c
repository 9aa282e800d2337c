#include "companion/keys.h"

#include "base/clock.h"
#include "feeds/feed_settings.h"

static void print_range(FILE *out, const struct setting *key)
{
    char least[CLOCK_DURATION_MAX], most[CLOCK_DURATION_MAX];

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
    fprintf(out, " (%s…%s)", least, most);
}

static void print_table(FILE *out, const struct setting *table, const char *parent)
{
    for (; table->key; table++) {
        char name[64];

        snprintf(name, sizeof name, "%s%s%s", parent, *parent ? "." : "", table->key);
        fprintf(out, "  %-22s %-12s %s", name, table->fallback_text ? table->fallback_text : "",
                table->help);
        print_range(out, table);
        fputc('\n', out);
        if (table->nested)
            print_table(out, table->nested, name);
    }
}

void keys_print(FILE *out)
{
    fputs("Keys of a feed (feeds/NAME.json), their defaults and bounds:\n\n", out);
    print_table(out, feed_settings, "");
    fputs("\nKeys of the service (pollard.json):\n\n", out);
    print_table(out, service_settings, "");
}
