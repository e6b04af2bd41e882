// From text to typed columns, strictly: what these kernels take is right, and whatever
// they are not sure of they flag, and the CPU engine decides.
//
// Each kernel is a loop over elements that need nothing of each other, so the same file
// compiles as plain C++, and every rule in it is tested where there is no GPU.

typedef unsigned char u8;
typedef signed char i8;
typedef int i32;
typedef unsigned int u32;
typedef long long i64;
typedef unsigned long long u64;

#ifdef __CUDACC__
#define FN __device__ static inline
#define KERNEL(name, parameters, arguments)                                            \
    extern "C" __global__ void name parameters {                                       \
        i64 step = (i64)gridDim.x * blockDim.x;                                        \
        for (i64 i = (i64)blockIdx.x * blockDim.x + threadIdx.x; i < n; i += step)     \
            name##_at arguments;                                                       \
    }
FN u64 high_product(u64 a, u64 b) { return __umul64hi(a, b); }
FN int leading_zeros(u64 a) { return __clzll((i64)a); }
FN double as_double(u64 bits) { return __longlong_as_double((i64)bits); }
FN u64 bits_of(double value) { return (u64)__double_as_longlong(value); }
FN int ones_of(u32 word) { return __popc(word); }
#else
#define FN static inline
#define KERNEL(name, parameters, arguments)                                            \
    extern "C" void name parameters {                                                  \
        for (i64 i = 0; i < n; i++) name##_at arguments;                               \
    }
FN u64 high_product(u64 a, u64 b) { return (u64)(((unsigned __int128)a * b) >> 64); }
FN int leading_zeros(u64 a) { return __builtin_clzll(a); }
FN double as_double(u64 bits) { double d; __builtin_memcpy(&d, &bits, 8); return d; }
FN u64 bits_of(double value) { u64 b; __builtin_memcpy(&b, &value, 8); return b; }
FN int ones_of(u32 word) { return __builtin_popcount(word); }
#endif

// What a flag says. The order is that of `device.Flag`.
enum { NUL, RETURN, UTF8, RAGGED, BLANK, LONG, QUOTE, BORDER, MISFIT, NULLS, NAN_, WIDE };

// The element types, in the order of `device.CODES`.
enum { I8, I16, I32, I64, U8, U16, U32, U64, F32, F64 };

#define SEGMENT 64
#define NOTHING (-1)

// ---------------------------------------------------------------------------- text

FN bool follows(u8 byte) { return (byte & 0xC0) == 0x80; }

FN int length_of(u8 lead) {
    if (lead >= 0xC2 && lead <= 0xDF) return 2;
    if ((lead & 0xF0) == 0xE0) return 3;
    if (lead >= 0xF0 && lead <= 0xF4) return 4;
    return 0;
}

// Tell whether the byte at *i*, which is not ASCII, is where UTF-8 allows it. A
// character that the end of the text cuts is judged when the rest of it is there.
FN bool well_placed(const u8* text, i64 begin, i64 end, i64 i) {
    u8 byte = text[i];
    if (follows(byte)) {
        for (int back = 1; back <= 3 && i - back >= begin; back++)
            if (!follows(text[i - back])) return length_of(text[i - back]) > back;
        return false;
    }
    int length = length_of(byte);
    if (!length) return false;
    for (int ahead = 1; ahead < length; ahead++) {
        if (i + ahead >= end) return true;
        if (!follows(text[i + ahead])) return false;
    }
    if (i + 1 >= end) return true;
    u8 second = text[i + 1];
    if (byte == 0xE0) return second >= 0xA0;  // no longer than needed
    if (byte == 0xED) return second <= 0x9F;  // no surrogates
    if (byte == 0xF0) return second >= 0x90;
    if (byte == 0xF4) return second <= 0x8F;  // within Unicode
    return true;
}

// Count, for each segment, its quotes, and its separators when it begins outside quotes
// (*bare*) and when it begins within (*inner*).
FN void tally_at(i64 i, const u8* text, i64 begin, i64 end, i64 delimiter, i64 quote,
                 i32* quotes, i32* bare, i32* inner, i32* flags) {
    i64 at = begin + i * SEGMENT, stop = at + SEGMENT < end ? at + SEGMENT : end;
    i32 found = 0, seen[2] = {0, 0};
    for (; at < stop; at++) {
        u8 byte = text[at];
        if (byte == quote) found++;
        else if (byte == delimiter || byte == '\n') seen[found & 1]++;
        else if (byte == 0) flags[NUL] = 1;
        else if (byte == '\r' && at + 1 < end && text[at + 1] != '\n') flags[RETURN] = 1;
        else if (byte >= 0x80 && !well_placed(text, begin, end, at)) flags[UTF8] = 1;
    }
    quotes[i] = found;
    bare[i] = seen[0];
    inner[i] = seen[1];
}
KERNEL(tally,
       (i64 n, const u8* text, i64 begin, i64 end, i64 delimiter, i64 quote, i32* quotes,
        i32* bare, i32* inner, i32* flags),
       (i, text, begin, end, delimiter, quote, quotes, bare, inner, flags))

// Leave in *bare* the separators outside quotes, now that what went before is known.
FN void settle_at(i64 i, const i32* quotes, const i64* quotes_so_far, i32* bare,
                  const i32* inner) {
    if ((quotes_so_far[i] - quotes[i]) & 1) bare[i] = inner[i];
}
KERNEL(settle,
       (i64 n, const i32* quotes, const i64* quotes_so_far, i32* bare, const i32* inner),
       (i, quotes, quotes_so_far, bare, inner))

// Write down where the separators outside quotes are.
FN void places_at(i64 i, const u8* text, i64 begin, i64 end, i64 delimiter, i64 quote,
                  const i32* quotes, const i64* quotes_so_far, const i32* bare,
                  const i64* so_far, i32* places) {
    i64 at = begin + i * SEGMENT, stop = at + SEGMENT < end ? at + SEGMENT : end;
    bool inside = (quotes_so_far[i] - quotes[i]) & 1;
    i64 out = so_far[i] - bare[i];
    for (; at < stop; at++) {
        u8 byte = text[at];
        if (byte == quote) inside = !inside;
        else if (!inside && (byte == delimiter || byte == '\n')) places[out++] = (i32)at;
    }
}
KERNEL(places,
       (i64 n, const u8* text, i64 begin, i64 end, i64 delimiter, i64 quote,
        const i32* quotes, const i64* quotes_so_far, const i32* bare, const i64* so_far,
        i32* places),
       (i, text, begin, end, delimiter, quote, quotes, quotes_so_far, bare, so_far,
        places))

// Count the separators up to the last line end among them, looking back at most *far*.
FN void last_end_at(i64 i, const u8* text, const i32* places, i64 count, i64 far,
                    i64* out) {
    i64 least = count > far ? count - far : 0;
    while (count > least && text[places[count - 1]] != '\n') count--;
    out[i] = count > least ? count : 0;
}
KERNEL(last_end,
       (i64 n, const u8* text, const i32* places, i64 count, i64 far, i64* out),
       (i, text, places, count, far, out))

FN void lines_at(i64 i, const u8* text, i64 begin, i64 end, i32* found) {
    i64 at = begin + i * SEGMENT, stop = at + SEGMENT < end ? at + SEGMENT : end;
    i32 count = 0;
    for (; at < stop; at++) count += text[at] == '\n';
    found[i] = count;
}
KERNEL(lines, (i64 n, const u8* text, i64 begin, i64 end, i32* found),
       (i, text, begin, end, found))

// Tell whether the quotes within [from, to) are those of a quoted field or none.
FN bool well_quoted(const u8* text, i64 from, i64 to, i64 quote) {
    bool quoted = to > from && text[from] == quote;
    if (quoted && (to - from < 2 || text[to - 1] != quote)) return false;
    i64 last = quoted ? to - 1 : to;
    for (i64 at = quoted ? from + 1 : from; at < last; at++) {
        if (text[at] != quote) continue;
        if (!quoted || at + 1 >= last || text[at + 1] != quote) return false;
        at++;  // a doubled one
    }
    return true;
}

// Look at one record: as many fields as there are columns, no more and no fewer, since
// each of its separators is a delimiter but the last, which is a line end.
FN void check_at(i64 i, const u8* text, i64 begin, const i32* places, i64 fields,
                 i64 delimiter, i64 quote, i64 most, i32* flags) {
    const i32* own = places + i * fields;
    i64 from = i ? own[-1] + 1 : begin, start = from;
    for (i64 k = 0; k < fields; k++) {
        bool last = k == fields - 1;
        i64 to = own[k];
        if (text[to] != (last ? '\n' : delimiter)) flags[RAGGED] = 1;
        if (last && to > from && text[to - 1] == '\r') to--;
        if (quote != NOTHING && !well_quoted(text, from, to, quote)) flags[QUOTE] = 1;
        if (fields == 1 && to == from) flags[BLANK] = 1;
        from = own[k] + 1;
    }
    if (from - 1 - start > most) flags[LONG] = 1;
}
KERNEL(check,
       (i64 n, const u8* text, i64 begin, const i32* places, i64 fields, i64 delimiter,
        i64 quote, i64 most, i32* flags),
       (i, text, begin, places, fields, delimiter, quote, most, flags))

// Count the records that end before each of *bounds*, at which records must end.
FN void ends_at(i64 i, const i32* places, i64 fields, i64 records, const i64* bounds,
                i64* out, i32* flags) {
    i64 low = 0, high = records;
    while (low < high) {
        i64 middle = (low + high) / 2;
        if ((i64)places[(middle + 1) * fields - 1] < bounds[i]) low = middle + 1;
        else high = middle;
    }
    out[i] = low;
    if (low && (i64)places[low * fields - 1] != bounds[i] - 1) flags[BORDER] = 1;
}
KERNEL(ends,
       (i64 n, const i32* places, i64 fields, i64 records, const i64* bounds, i64* out,
        i32* flags),
       (i, places, fields, records, bounds, out, flags))

// -------------------------------------------------------------------------- fields

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

// ------------------------------------------------------------------------- numbers

// Read all of *field* as digits that fit 64 bit.
FN bool whole(Field field, u64* value) {
    u64 sum = 0;
    if (!field.size) return false;
    for (i64 k = 0; k < field.size; k++) {
        if (!is_digit(field.at[k])) return false;
        u64 digit = field.at[k] - '0';
        if (sum > (~0ULL - digit) / 10) return false;
        sum = sum * 10 + digit;
    }
    *value = sum;
    return true;
}

FN u64 greatest(i64 code, bool negative) {
    if (code >= U8) return negative ? 0 : ~0ULL >> (64 - (8 << (code - U8)));
    u64 half = 1ULL << ((8 << code) - 1);
    return negative ? half : half - 1;
}

FN void store(void* values, i64 i, i64 code, u64 value) {
    if (code == I8 || code == U8) ((u8*)values)[i] = (u8)value;
    else if (code == I16 || code == U16) ((unsigned short*)values)[i] = (unsigned short)value;
    else if (code == I32 || code == U32) ((u32*)values)[i] = (u32)value;
    else ((u64*)values)[i] = value;
}

FN void integers_at(VALUE, i64 code, void* values) {
    store(values, i, code, 0);
    TAKE(field);
    skip_blanks(field);
    bool negative = take_sign(field);
    u64 size;
    if (!whole(field, &size) || size > greatest(code, negative) || (negative && !size)) {
        flags[MISFIT] = 1;
        return;
    }
    if (size >> 31) flags[WIDE] = 1;
    store(values, i, code, negative ? 0 - size : size);
}
KERNEL(integers, (VALUES, i64 code, void* values), (GIVEN, code, values))

struct Decimal {
    u64 digits;
    int exponent;
    bool negative;
};

#define MOST_DIGITS 19  // of which any number fits 64 bit

// Read all of *field* as [digits][.digits][e±digits]; the sign is gone already.
FN bool decimal(Field field, Decimal* out) {
    u64 sum = 0;
    int used = 0, exponent = 0;
    bool dot = false, some = false;
    i64 k = 0;
    for (; k < field.size; k++) {
        u8 byte = field.at[k];
        if (byte == '.' && !dot) { dot = true; continue; }
        if (!is_digit(byte)) break;
        some = true;
        if (sum || byte != '0') {
            if (++used > MOST_DIGITS) return false;
            sum = sum * 10 + (byte - '0');
        }
        exponent -= dot;
    }
    if (!some) return false;
    if (k < field.size) {
        if (field.at[k] != 'e' && field.at[k] != 'E') return false;
        Field rest = {field.at + k + 1, field.size - k - 1, false};
        bool negative = take_sign(rest);
        u64 moved;
        if (!whole(rest, &moved) || moved > 400) return false;
        exponent += negative ? -(int)moved : (int)moved;
    }
    out->digits = sum;
    out->exponent = exponent;
    return true;
}

#define LEAST_POWER (-342)
#define GREATEST_POWER 308
#define FRACTION_BITS 52

// Return in *out* the float nearest to digits × 10^exponent; false where that is not
// plain to see. *powers* holds 10^q for q from LEAST_POWER on, its first 128 bits.
// Source: D. Lemire, "Number parsing at a gigabyte per second", Software: Practice and
// Experience 51 (2021).
FN bool nearest_by_product(u64 digits, int q, const u64* powers, u64* out) {
    if (q < LEAST_POWER || q > GREATEST_POWER) return false;
    int zeros = leading_zeros(digits);
    u64 shifted = digits << zeros;
    const u64* power = powers + 2 * (q - LEAST_POWER);
    u64 high = high_product(shifted, power[0]), low = shifted * power[0];
    if ((high & 0x1FF) == 0x1FF) {
        u64 more = high_product(shifted, power[1]);
        low += more;
        if (low < more) high++;
        if (low == ~0ULL && (q < -27 || q > 55)) return false;
    }
    int upper = (int)(high >> 63);
    u64 mantissa = high >> (upper + 64 - FRACTION_BITS - 3);
    // floor(q log2 10), exact for these q
    int binary = ((217706 * q) >> 16) + 63 + upper - zeros + 1023;
    if (binary <= 0) return false;  // too small for all its bits
    bool tie = low <= 1 && q >= -4 && q <= 23 && (mantissa & 3) == 1;
    if (tie && (mantissa << (upper + 64 - FRACTION_BITS - 3)) == high) mantissa &= ~1ULL;
    mantissa += mantissa & 1;
    mantissa >>= 1;
    if (mantissa >> (FRACTION_BITS + 1)) {
        mantissa >>= 1;
        binary++;
    }
    if (binary >= 2047) return false;  // beyond the greatest float
    *out = ((u64)binary << FRACTION_BITS) | (mantissa & ((1ULL << FRACTION_BITS) - 1));
    return true;
}

FN bool nearest(u64 digits, int exponent, const u64* powers, const double* tens,
                double* out) {
    if (!digits) {
        *out = 0.0;
        return true;
    }
    // Both sides are floats, so that one operation rounds once.
    if (digits >> (FRACTION_BITS + 1) == 0 && exponent >= -22 && exponent <= 22) {
        double value = (double)digits;
        *out = exponent < 0 ? value / tens[-exponent] : value * tens[exponent];
        return true;
    }
    u64 bits;
    if (!nearest_by_product(digits, exponent, powers, &bits)) return false;
    *out = as_double(bits);
    return true;
}

// Compare *field* with a word in small letters, taking capitals for them.
FN bool spells(Field field, const char* word, int size) {
    if (field.size != size) return false;
    for (int k = 0; k < size; k++)
        if ((field.at[k] | 0x20) != (u8)word[k]) return false;
    return true;
}

// Round to 32 bit; false where that would round twice, or is no usual number.
FN bool narrow(double value, float* out) {
    *out = (float)value;
    if (value == 0.0 || value != value || value - value != 0.0) return true;
    u64 bits = bits_of(value);
    if ((bits & 0x1FFFFFFF) == 0x10000000) return false;  // half-way between two
    int exponent = (int)((bits >> FRACTION_BITS) & 0x7FF) - 1023;
    return exponent >= -126 && exponent < 127;
}

FN bool number_of(Field field, const u64* powers, const double* tens, double* out) {
    bool negative = take_sign(field);
    Decimal found;
    if (decimal(field, &found)) {
        if (!nearest(found.digits, found.exponent, powers, tens, out)) return false;
    } else if (spells(field, "inf", 3) || spells(field, "infinity", 8)) {
        *out = as_double(0x7FF0000000000000ULL);
    } else if (spells(field, "nan", 3)) {
        *out = as_double(0x7FF8000000000000ULL);
    } else {
        return false;
    }
    if (negative) *out = -*out;
    return true;
}

// *key*: the zeros of both signs are one.
FN void floats_at(VALUE, i64 code, i64 key, const u64* powers, const double* tens,
                  void* values) {
    double value = 0.0;
    float small = 0.0f;
    if (code == F32) ((float*)values)[i] = 0.0f;
    else ((double*)values)[i] = 0.0;
    TAKE(field);
    skip_blanks(field);
    if (!number_of(field, powers, tens, &value)
        || (code == F32 && !narrow(value, &small))) {
        flags[MISFIT] = 1;
        return;
    }
    if (value != value) flags[NAN_] = 1;
    if (key && value == 0.0) value = 0.0, small = 0.0f;
    if (code == F32) ((float*)values)[i] = small;
    else ((double*)values)[i] = value;
}
KERNEL(floats,
       (VALUES, i64 code, i64 key, const u64* powers, const double* tens, void* values),
       (GIVEN, code, key, powers, tens, values))

// --------------------------------------------------------------------- other values

FN bool two_digits(const u8* at, int most, int* out) {
    if (!is_digit(at[0]) || !is_digit(at[1])) return false;
    *out = (at[0] - '0') * 10 + (at[1] - '0');
    return *out <= most;
}

// Read YYYY-MM-DD as days since 1970. Source: H. Hinnant, "chrono-compatible low-level
// date algorithms".
FN bool day_of(const u8* at, int* year, i64* days) {
    int century, rest, month, day;
    if (!two_digits(at, 99, &century) || !two_digits(at + 2, 99, &rest)) return false;
    if (at[4] != '-' || !two_digits(at + 5, 12, &month) || at[7] != '-') return false;
    if (!two_digits(at + 8, 31, &day)) return false;
    *year = century * 100 + rest;
    bool leap = *year % 4 == 0 && (*year % 100 != 0 || *year % 400 == 0);
    int most = month == 2 ? 28 + leap : 30 + ((month + month / 8) & 1);
    if (!*year || !month || !day || day > most) return false;
    i64 y = *year - (month <= 2), era = y / 400, within = y - era * 400;
    i64 of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
    i64 of_era = within * 365 + within / 4 - within / 100 + of_year;
    *days = era * 146097 + of_era - 719468;
    return true;
}

FN void dates_at(VALUE, i32* values) {
    values[i] = 0;
    TAKE(field);
    int year;
    i64 days;
    if (field.size != 10 || !day_of(field.at, &year, &days)) {
        flags[MISFIT] = 1;
        return;
    }
    values[i] = (i32)days;
}
KERNEL(dates, (VALUES, i32* values), (GIVEN, values))

// Read Z, ±HH, ±HHMM or ±HH:MM as minutes.
FN bool offset_of(const u8* at, i64 size, i64* minutes) {
    *minutes = 0;
    if (size == 1) return *at == 'Z';
    if (size < 3 || (*at != '+' && *at != '-')) return false;
    int hour, minute = 0;
    if (!two_digits(at + 1, 14, &hour)) return false;
    i64 colon = size == 6 && at[3] == ':';
    if (size != 3 && size - colon != 5) return false;
    if (size != 3 && !two_digits(at + 3 + colon, 59, &minute)) return false;
    *minutes = (hour * 60 + minute) * (*at == '-' ? -1 : 1);
    return true;
}

#define MINUTE_SIZE 16  // 2026-01-01T00:00
#define SECOND_SIZE 19

// Read an ISO 8601 moment as parts of a second since 1970, *digits* of them at most.
FN bool moment_of(Field field, int digits, bool zoned, i64* out) {
    int year, hour, minute, second = 0;
    i64 days, minutes = 0, fraction = 0, used = MINUTE_SIZE;
    const u8* at = field.at;
    if (field.size < MINUTE_SIZE || !day_of(at, &year, &days)) return false;
    if ((at[10] != 'T' && at[10] != ' ') || at[13] != ':') return false;
    if (!two_digits(at + 11, 23, &hour) || !two_digits(at + 14, 59, &minute)) return false;
    int left = digits;
    if (field.size > MINUTE_SIZE && at[MINUTE_SIZE] == ':') {
        if (field.size < SECOND_SIZE || !two_digits(at + 17, 59, &second)) return false;
        used = SECOND_SIZE;
        if (field.size > used && at[used] == '.') {
            for (used++; used < field.size && is_digit(at[used]); used++) {
                if (left-- == 0) return false;
                fraction = fraction * 10 + (at[used] - '0');
            }
            if (left == digits) return false;
        }
    }
    i64 rest = field.size - used;
    if (zoned ? !offset_of(at + used, rest, &minutes) : rest != 0) return false;
    if (digits == 9 && (year < 1678 || year > 2261)) return false;  // what 64 bit hold
    i64 scale = 1;
    for (int k = 0; k < digits; k++) scale *= 10;
    for (; left > 0; left--) fraction *= 10;
    i64 seconds = days * 86400 + (hour * 60 + minute - minutes) * 60 + second;
    *out = seconds * scale + fraction;
    return true;
}

FN void moments_at(VALUE, i64 digits, i64 zoned, i64* values) {
    values[i] = 0;
    TAKE(field);
    if (!moment_of(field, (int)digits, zoned != 0, values + i)) flags[MISFIT] = 1;
}
KERNEL(moments, (VALUES, i64 digits, i64 zoned, i64* values),
       (GIVEN, digits, zoned, values))

// The first *true_count* words are true, the others false.
FN void booleans_at(VALUE, const u8* words, const i32* word_ends, i64 word_count,
                    i64 true_count, u8* values) {
    values[i] = 0;
    TAKE(field);
    int word = word_of(field, words, word_ends, word_count);
    if (word < 0) flags[MISFIT] = 1;
    values[i] = word >= 0 && word < true_count;
}
KERNEL(booleans,
       (VALUES, const u8* words, const i32* word_ends, i64 word_count, i64 true_count,
        u8* values),
       (GIVEN, words, word_ends, word_count, true_count, values))

// Copy *field* with its doubled quotes made single; return its size. *out* may be null.
FN i32 unquoted(Field field, i64 quote, u8* out) {
    i32 size = 0;
    for (i64 k = 0; k < field.size; k++, size++) {
        if (out) out[size] = field.at[k];
        if (field.quoted && field.at[k] == quote) k++;
    }
    return size;
}

// A text may be a null marker in quotes too: it is compared when the quotes are gone.
FN void sizes_at(VALUE, i32* values) {
    Field field = field_of(text, begin, places, fields, column, quote, i);
    bool null = word_of(field, nulls, null_ends, null_count) >= 0;
    valid[i] = !null;
    if (null) flags[NULLS] = 1;
    values[i] = null ? 0 : unquoted(field, quote, 0);
}
KERNEL(sizes, (VALUES, i32* values), (GIVEN, values))

FN void texts_at(VALUE, const i32* offsets, u8* values) {
    (void)flags;
    (void)nulls;
    (void)null_ends;
    (void)null_count;
    if (!valid[i]) return;
    Field field = field_of(text, begin, places, fields, column, quote, i);
    unquoted(field, quote, values + offsets[i]);
}
KERNEL(texts, (VALUES, const i32* offsets, u8* values), (GIVEN, offsets, values))

// ------------------------------------------------------------------------- columns

// Pack 32 flags of validity into a word; count those that are set.
FN void pack_at(i64 i, const u8* valid, i64 rows, u32* words, i32* ones) {
    u32 word = 0;
    for (i64 k = 0; k < 32 && i * 32 + k < rows; k++)
        word |= (u32)(valid[i * 32 + k] != 0) << k;
    words[i] = word;
    ones[i] = ones_of(word);
}
KERNEL(pack, (i64 n, const u8* valid, i64 rows, u32* words, i32* ones),
       (i, valid, rows, words, ones))

FN double value_of(const void* values, i64 code, i64 i) {
    switch (code) {
        case I8: return ((const i8*)values)[i];
        case I16: return ((const short*)values)[i];
        case I32: return ((const i32*)values)[i];
        case I64: return (double)((const i64*)values)[i];
        case U8: return ((const u8*)values)[i];
        case U16: return ((const unsigned short*)values)[i];
        case U32: return ((const u32*)values)[i];
        case U64: return (double)((const u64*)values)[i];
        case F32: return ((const float*)values)[i];
        default: return ((const double*)values)[i];
    }
}

// Split each value on a grid; see `aggregate.split`.
FN void halves_at(i64 i, const void* values, i64 code, double grid, double* high,
                  double* low) {
    double value = value_of(values, code, i);
    high[i] = (value + grid) - grid;
    low[i] = value - high[i];
}
KERNEL(halves,
       (i64 n, const void* values, i64 code, double grid, double* high, double* low),
       (i, values, code, grid, high, low))

FN void shifted_at(i64 i, const void* values, i64 code, double middle, double* out) {
    out[i] = value_of(values, code, i) - middle;
}
KERNEL(shifted, (i64 n, const void* values, i64 code, double middle, double* out),
       (i, values, code, middle, out))

// Cut each value into high × 2^32 + low: sums of either cannot leave 64 bit.
FN void parts_at(i64 i, const i64* values, i64 code, i64* high, i64* low) {
    high[i] = code == U64 ? (i64)((u64)values[i] >> 32) : values[i] >> 32;
    low[i] = values[i] & 0xFFFFFFFFLL;
}
KERNEL(parts, (i64 n, const i64* values, i64 code, i64* high, i64* low),
       (i, values, code, high, low))

FN void ordered_at(i64 i, const void* values, i64 code, const u8* valid, u8* out) {
    double value = value_of(values, code, i);
    out[i] = valid[i] && value == value;
}
KERNEL(ordered,
       (i64 n, const void* values, i64 code, const u8* valid, u8* out),
       (i, values, code, valid, out))

FN void numbers_at(i64 i, i32* out) { out[i] = (i32)i; }
KERNEL(numbers, (i64 n, i32* out), (i, out))

FN void fill_at(i64 i, u8* out, i64 value) { out[i] = (u8)value; }
KERNEL(fill, (i64 n, u8* out, i64 value), (i, out, value))
