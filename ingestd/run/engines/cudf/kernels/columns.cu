// What is made of whole columns.

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

FN void fill_words_at(i64 i, i64* out, i64 value) { out[i] = value; }
KERNEL(fill_words, (i64 n, i64* out, i64 value), (i, out, value))
