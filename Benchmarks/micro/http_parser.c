// Node's former parser, as Debian ships it: callbacks per field.
#include "rival.h"

#include <http_parser.h>
#include <stdlib.h>

struct input {
    const uint8_t *bytes;
    size_t count;
    uint64_t fields, field_bytes, in_value;
};

static void *prepare(const uint8_t *bytes, size_t count) {
    struct input *input = malloc(sizeof *input);
    *input = (struct input){.bytes = bytes, .count = count};
    return input;
}

static int on_field(http_parser *parser, const char *at, size_t length) {
    (void)at;
    struct input *input = parser->data;
    input->fields++;
    input->field_bytes += length;
    return 0;
}

static int on_value(http_parser *parser, const char *at, size_t length) {
    (void)at;
    ((struct input *)parser->data)->field_bytes += length;
    return 0;
}

static uint64_t head(void *prepared) {
    struct input *input = prepared;
    static const http_parser_settings settings = {
        .on_header_field = on_field, .on_header_value = on_value};
    http_parser parser;
    for (int repeat = 0; repeat < RIVAL_REPEATS; repeat++) {
        http_parser_init(&parser, HTTP_RESPONSE);
        input->fields = input->field_bytes = 0;
        parser.data = input;
        if (http_parser_execute(&parser, &settings, (const char *)input->bytes, input->count)
            != input->count) return 0;
    }
    return rival_sum(input->fields, input->field_bytes, parser.status_code == 200);
}

const struct rival_entry *rival_entries(void) {
    static const struct rival_entry entries[] = {
        {"head-ollama", "http-parser 2.9", prepare, head},
        {"head-proxy", "http-parser 2.9", prepare, head},
        {NULL, NULL, NULL, NULL},
    };
    return entries;
}
