// One field of a record, and whether it is a null marker.

struct Field {
    const u8* at;
    i64 size;
    bool quoted;
};

FN Field field_of(const u8* text, i64 begin, const i32* places, i64 fields, i64 column,
                  i64 quote, i64 row) {
    i64 number = row * fields + column;
    i64 from = number ? places[number - 1] + 1 : begin, to = places[number];
    if (column == fields - 1 && to > from && text[to - 1] == '\r') to--;
    if (quote != NOTHING && to > from && text[from] == quote)
        return {text + from + 1, to - from - 2, true};
    return {text + from, to - from, false};
}

// Return the number of the word that *field* is, counted from 0, or -1.
FN int word_of(Field field, const u8* words, const i32* ends, i64 count) {
    for (int number = 0, from = 0; number < count; from = ends[number++]) {
        if (ends[number] - from != field.size) continue;
        int k = 0;
        while (k < field.size && field.at[k] == words[from + k]) k++;
        if (k == field.size) return number;
    }
    return -1;
}

// Parameters and arguments that all kernels of values share.
#define VALUES                                                                         \
    i64 n, const u8 *text, i64 begin, const i32 *places, i64 fields, i64 column,       \
        i64 quote, const u8 *nulls, const i32 *null_ends, i64 null_count, u8 *valid,   \
        i32 *flags
#define VALUE                                                                          \
    i64 i, const u8 *text, i64 begin, const i32 *places, i64 fields, i64 column,       \
        i64 quote, const u8 *nulls, const i32 *null_ends, i64 null_count, u8 *valid,   \
        i32 *flags
#define GIVEN                                                                          \
    i, text, begin, places, fields, column, quote, nulls, null_ends, null_count, valid,\
        flags

// Take the field of row *i*; end here when it is null. Of a null marker in quotes the
// CPU engine's reader has its own idea where a number is expected.
#define TAKE(field)                                                                    \
    Field field = field_of(text, begin, places, fields, column, quote, i);             \
    if (word_of(field, nulls, null_ends, null_count) >= 0) {                           \
        if (field.quoted) flags[MISFIT] = 1;                                           \
        valid[i] = 0;                                                                  \
        flags[NULLS] = 1;                                                              \
        return;                                                                        \
    }                                                                                  \
    valid[i] = 1

FN bool is_digit(u8 byte) { return byte >= '0' && byte <= '9'; }

FN void skip_blanks(Field& field) {
    while (!field.quoted && field.size && *field.at == ' ') field.at++, field.size--;
}

FN bool take_sign(Field& field) {
    bool negative = field.size && *field.at == '-';
    if (negative || (field.size && *field.at == '+')) field.at++, field.size--;
    return negative;
}
