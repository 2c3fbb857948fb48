// simdjson used well: one parser reused, input padded, fields asked for in the order of the text.
#include "rival.h"

#include <cstring>
#include <simdjson.h>
#include <string>

using namespace simdjson;

namespace {
struct input {
    padded_string text;
    ondemand::parser parser;
    dom::parser dom;
    input(const uint8_t *bytes, size_t count) : text(reinterpret_cast<const char *>(bytes), count) {}
};

void *prepare(const uint8_t *bytes, size_t count) { return new input(bytes, count); }

struct totals {
    uint64_t units = 0, bytes = 0, marks = 0;
    uint64_t sum() const { return rival_sum(units, bytes, marks); }
};

// Calls `read` with each line as a view that has its padding in the text itself.
template <typename Read> uint64_t each_line(void *prepared, Read read) {
    auto *in = static_cast<input *>(prepared);
    const char *at = in->text.data(), *end = at + in->text.size();
    const char *limit = end + SIMDJSON_PADDING;
    totals sum;
    while (const char *hit = static_cast<const char *>(std::memchr(at, '\n', end - at))) {
        size_t length = hit - at;
        if (read(*in, padded_string_view(at, length, limit - at), sum)) return 0;
        sum.units++;
        at = hit + 1;
    }
    return sum.sum();
}

// The raw span of a string, as ours: unescaping is another task.
template <typename Value> inline error_code add_string(Value &&value, totals &sum) {
    ondemand::raw_json_string raw;
    if (auto error = value.get_raw_json_string().get(raw)) return error;
    // The token's length without scanning again: up to the quote.
    const char *start = raw.raw(), *to = start;
    while (*to != '"') to += *to == '\\' ? 2 : 1;
    sum.bytes += to - start;
    return SUCCESS;
}

template <typename Document>
inline error_code chat_record(Document &&document, totals &sum) {
    ondemand::object record;
    if (auto error = document.get_object().get(record)) return error;
    ondemand::value message;
    if (auto error = record.find_field("message").get(message)) return error;
    if (auto error = add_string(message.find_field("content"), sum)) return error;
    bool done;
    if (auto error = record.find_field("done").get_bool().get(done)) return error;
    sum.marks += done;
    return SUCCESS;
}

// Keys in any order.
template <typename Document>
inline error_code shuffled_record(Document &&document, totals &sum) {
    ondemand::object record;
    if (auto error = document.get_object().get(record)) return error;
    if (auto error = add_string(record["message"]["content"], sum)) return error;
    bool done;
    if (auto error = record["done"].get_bool().get(done)) return error;
    sum.marks += done;
    return SUCCESS;
}

// Mixed shapes: either a message or a response, then perhaps no text at all.
template <typename Document>
inline error_code mixed_record(Document &&document, totals &sum) {
    ondemand::object record;
    if (auto error = document.get_object().get(record)) return error;
    ondemand::value message;
    if (record["message"].get(message) == SUCCESS) {
        ondemand::value content;
        if (message["content"].get(content) == SUCCESS) {
            if (auto error = add_string(content, sum)) return error;
        }
    }
    bool done;
    if (auto error = record["done"].get_bool().get(done)) return error;
    sum.marks += done;
    return SUCCESS;
}

template <typename Document>
inline error_code chunk_record(Document &&document, totals &sum) {
    ondemand::object record;
    if (auto error = document.get_object().get(record)) return error;
    ondemand::array choices;
    if (auto error = record.find_field("choices").get_array().get(choices)) return error;
    for (auto choice : choices) {
        ondemand::value value;
        if (auto error = choice.get(value)) return error;
        if (auto error = add_string(value.find_field("delta").find_field("content"), sum)) return error;
        ondemand::value finish;
        if (auto error = value.find_field("finish_reason").get(finish)) return error;
        bool none;
        if (auto error = finish.is_null().get(none)) return error;
        sum.marks += !none;
    }
    return SUCCESS;
}

#define PER_LINE(name, record)                                                                     \
    uint64_t name(void *prepared) {                                                                \
        return each_line(prepared, [](input &in, padded_string_view line, totals &sum) {           \
            ondemand::document document;                                                           \
            if (auto error = in.parser.iterate(line).get(document)) return error;                  \
            return record(document, sum);                                                          \
        });                                                                                        \
    }
PER_LINE(chat_lines, chat_record)
PER_LINE(shuffled_lines, shuffled_record)
PER_LINE(mixed_lines, mixed_record)
PER_LINE(chunk_lines, chunk_record)

#define MANY(name, record)                                                                         \
    uint64_t name(void *prepared) {                                                                \
        auto *in = static_cast<input *>(prepared);                                                 \
        totals sum;                                                                                \
        ondemand::document_stream stream;                                                          \
        if (in->parser.iterate_many(in->text, 1 << 20).get(stream)) return 0;                      \
        for (auto document : stream) {                                                             \
            if (record(document, sum)) return 0;                                                   \
            sum.units++;                                                                           \
        }                                                                                          \
        return sum.sum();                                                                          \
    }
MANY(chat_many, chat_record)
MANY(shuffled_many, shuffled_record)
MANY(mixed_many, mixed_record)
MANY(chunk_many, chunk_record)

// Full parse: every value of every record is there afterwards.
uint64_t count_values(dom::element element) {
    switch (element.type()) {
    case dom::element_type::OBJECT: {
        uint64_t count = 1;
        for (auto member : dom::object(element)) count += count_values(member.value);
        return count;
    }
    case dom::element_type::ARRAY: {
        uint64_t count = 1;
        for (auto child : dom::array(element)) count += count_values(child);
        return count;
    }
    default: return 1;
    }
}

uint64_t dom_lines(void *prepared) {
    return each_line(prepared, [](input &in, padded_string_view line, totals &sum) {
        dom::element element;
        // false: the line has its padding, do not copy it.
        if (auto error = in.dom.parse(line.data(), line.size(), false).get(element)) return error;
        sum.bytes += element.is_object();
        return SUCCESS;
    });
}
}  // namespace

const struct rival_entry *rival_entries(void) {
    static const std::string version = std::string(" ") + SIMDJSON_VERSION + " "
        + builtin_implementation()->name();
    static const std::string one = "simdjson" + version + " On-Demand";
    static const std::string many = "simdjson" + version + " iterate_many";
    static const std::string dom = "simdjson" + version + " DOM";
    static const struct rival_entry entries[] = {
        {"chat", one.c_str(), prepare, chat_lines},
        {"chat", many.c_str(), prepare, chat_many},
        {"chat-escapes", one.c_str(), prepare, chat_lines},
        {"chat-escapes", many.c_str(), prepare, chat_many},
        {"chat-shuffled", one.c_str(), prepare, shuffled_lines},
        {"chat-shuffled", many.c_str(), prepare, shuffled_many},
        {"chat-mixed", one.c_str(), prepare, mixed_lines},
        {"chat-mixed", many.c_str(), prepare, mixed_many},
        {"chunk", one.c_str(), prepare, chunk_lines},
        {"chunk", many.c_str(), prepare, chunk_many},
        {"values", dom.c_str(), prepare, dom_lines},
        {NULL, NULL, NULL, NULL},
    };
    return entries;
}
