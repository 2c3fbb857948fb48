// RapidJSON's DOM, as most use it: one document per line, its memory reused.
#include "rival.h"

#include <cstring>
#include <rapidjson/document.h>
#include <string>

namespace {
struct input {
    std::string text;
};

void *prepare(const uint8_t *bytes, size_t count) {
    return new input{std::string(reinterpret_cast<const char *>(bytes), count)};
}

template <typename Read> uint64_t each_line(void *prepared, Read read) {
    auto *in = static_cast<input *>(prepared);
    const char *at = in->text.data(), *end = at + in->text.size();
    static char memory[1 << 16];
    uint64_t units = 0, bytes = 0, marks = 0;
    while (const char *hit = static_cast<const char *>(std::memchr(at, '\n', end - at))) {
        rapidjson::MemoryPoolAllocator<> pool(memory, sizeof memory);
        rapidjson::Document document(&pool);
        document.Parse<rapidjson::kParseValidateEncodingFlag>(at, hit - at);
        if (document.HasParseError()) return 0;
        read(document, bytes, marks);
        units++;
        at = hit + 1;
    }
    return rival_sum(units, bytes, marks);
}

uint64_t chat(void *prepared) {
    return each_line(prepared, [](auto &document, uint64_t &bytes, uint64_t &marks) {
        bytes += document["message"]["content"].GetStringLength();
        marks += document["done"].GetBool();
    });
}

uint64_t chunk(void *prepared) {
    return each_line(prepared, [](auto &document, uint64_t &bytes, uint64_t &marks) {
        auto &choice = document["choices"][0];
        bytes += choice["delta"]["content"].GetStringLength();
        marks += !choice["finish_reason"].IsNull();
    });
}

uint64_t values(void *prepared) {
    return each_line(prepared, [](auto &document, uint64_t &bytes, uint64_t &) {
        bytes += document.IsObject();
    });
}
}  // namespace

const struct rival_entry *rival_entries(void) {
    static const struct rival_entry entries[] = {
        {"chat", "RapidJSON DOM", prepare, chat},
        {"chunk", "RapidJSON DOM", prepare, chunk},
        {"values", "RapidJSON DOM", prepare, values},
        {NULL, NULL, NULL, NULL},
    };
    return entries;
}
