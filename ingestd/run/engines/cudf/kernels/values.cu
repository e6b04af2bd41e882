// Dates, moments, booleans and text.

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
    if (minutes && (year == 1 || year == 9999)) return false;  // it may leave them
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
