#include "export/table.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/json.h"

static int append_header(struct table *table)
{
    size_t i;

    if (table->is_json)
        return buf_append_char(&table->out.text, '[');
    for (i = 0; table->columns[i]; i++) {
        if ((i && buf_append_char(&table->out.text, ',')) ||
            buf_append_text(&table->out.text, table->columns[i]))
            return -1;
    }
    return buf_append_char(&table->out.text, '\n');
}

int table_start(struct table *table, const char *const *columns, bool is_json,
                const struct sink *sink, struct reader *reader, struct err *err)
{
    memset(table, 0, sizeof *table);
    outflow_init(&table->out, sink, reader);
    table->columns = columns;
    table->is_json = is_json;
    return append_header(table) ? err_memory(err) : 0;
}

static int append_json_cell(struct table *table, enum cell_type type, const char *text,
                            size_t length)
{
    struct buf *out = &table->out.text;
    const char *name = table->columns[table->column];
    const char *before = table->column ? ", " : table->rows ? ",\n{" : "\n{";

    if (buf_append_text(out, before) || json_write_string(out, name, strlen(name)) ||
        buf_append_text(out, ": "))
        return -1;
    if (!length)
        return buf_append_text(out, "null");
    return type == CELL_NUMBER ? buf_append(out, text, length)
                               : json_write_string(out, text, length);
}

static int append_csv_cell(struct table *table, const char *text, size_t length)
{
    if (table->column && buf_append_char(&table->out.text, ','))
        return -1;
    return csv_cell(&table->out.text, text, length, NULL);
}

int table_cell(struct table *table, enum cell_type type, const char *text, size_t length,
               struct err *err)
{
    if (table->is_json ? append_json_cell(table, type, text, length)
                       : append_csv_cell(table, text, length))
        return err_memory(err);
    table->column++;
    if (table->columns[table->column])
        return 0;
    if (buf_append_char(&table->out.text, table->is_json ? '}' : '\n'))
        return err_memory(err);
    table->column = 0;
    table->rows++;
    return outflow_pass(&table->out, err);
}

int table_text(struct table *table, const char *text, struct err *err)
{
    return table_cell(table, CELL_TEXT, text, strlen(text), err);
}

int table_number(struct table *table, uint64_t number, struct err *err)
{
    char text[24];
    int length = snprintf(text, sizeof text, "%" PRIu64, number);

    return table_cell(table, CELL_NUMBER, text, (size_t)length, err);
}

int table_instant(struct table *table, const struct zone *zone, int64_t at, struct err *err)
{
    char text[ZONE_ISO_MAX];
    size_t length = at == AT_NONE ? 0 : zone_format_iso(zone, at, 6, text);

    return table_cell(table, CELL_TEXT, text, length, err);
}

int table_finish(struct table *table, struct err *err)
{
    const char *end = table->rows ? "\n]\n" : "]\n";

    if (table->is_json && buf_append_text(&table->out.text, end))
        return err_memory(err);
    return outflow_flush(&table->out, err);
}

void table_release(struct table *table)
{
    outflow_release(&table->out);
}
