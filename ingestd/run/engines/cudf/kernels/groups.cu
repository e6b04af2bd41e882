// Groups, as long as they are few: a table of one row for each, and sums in its slots.

#define STRING 10  // behind the codes of numbers
#define EMPTY 0  // rows are written down from 1 on
#define MOST_STEPS 64

#ifdef __CUDACC__
FN i32 claim_slot(i32* slot, i32 row) { return atomicCAS(slot, EMPTY, row); }
FN void add(i64* sum, i64 value) { atomicAdd((u64*)sum, (u64)value); }
FN void add(double* sum, double value) { atomicAdd(sum, value); }
FN void lower(i64* least, i64 value) { atomicMin(least, value); }
FN void raise(i64* greatest, i64 value) { atomicMax(greatest, value); }
#else
FN i32 claim_slot(i32* slot, i32 row) {
    i32 before = *slot;
    if (before == EMPTY) *slot = row;
    return before;
}
FN void add(i64* sum, i64 value) { *sum += value; }
FN void add(double* sum, double value) { *sum += value; }
FN void lower(i64* least, i64 value) { if (value < *least) *least = value; }
FN void raise(i64* greatest, i64 value) { if (value > *greatest) *greatest = value; }
#endif

// One key column, as four numbers: its code, and the addresses of its values, of its
// offsets (strings only) and of its validity (0: no row is null).
struct Key {
    i64 code;
    const u8* values;
    const i32* offsets;
    const u8* valid;
};

FN Key key_of(const u64* keys, i64 number) {
    const u64* own = keys + 4 * number;
    return {(i64)own[0], (const u8*)own[1], (const i32*)own[2], (const u8*)own[3]};
}

FN int width_of(i64 code) {
    if (code >= F32) return code == F32 ? 4 : 8;
    return 1 << (code & 3);
}

// Where the bytes of row *i* are, and how many.
FN const u8* bytes_of(Key key, i64 i, i64* size) {
    if (key.code != STRING) {
        *size = width_of(key.code);
        return key.values + i * *size;
    }
    *size = key.offsets[i + 1] - key.offsets[i];
    return key.values + key.offsets[i];
}

FN u64 mixed(u64 hash) {
    hash ^= hash >> 32;
    hash *= 0x9E3779B97F4A7C15ULL;
    return hash ^ (hash >> 29);
}

FN u64 hash_of(const u64* keys, i64 count, i64 i) {
    u64 hash = 0;
    for (i64 number = 0; number < count; number++) {
        Key key = key_of(keys, number);
        if (key.valid && !key.valid[i]) {
            hash = mixed(hash + 1);
            continue;
        }
        i64 size;
        const u8* at = bytes_of(key, i, &size);
        hash ^= (u64)size << 56;
        for (i64 k = 0; k < size; k++) hash = (hash ^ at[k]) * 0x100000001B3ULL;
        hash = mixed(hash);
    }
    return hash;
}

FN bool same_keys(const u64* keys, i64 count, i64 i, i64 j) {
    for (i64 number = 0; number < count; number++) {
        Key key = key_of(keys, number);
        bool null = key.valid && !key.valid[i];
        if (key.valid && null != !key.valid[j]) return false;
        if (null) continue;
        i64 size, other;
        const u8* at = bytes_of(key, i, &size);
        const u8* beside = bytes_of(key, j, &other);
        if (size != other) return false;
        for (i64 k = 0; k < size; k++)
            if (at[k] != beside[k]) return false;
    }
    return true;
}

// Find the slot of row *i*'s group; the first row of a group takes one. Sets *full*
// where there is none near enough.
FN void slots_at(i64 i, const u64* keys, i64 count, i64 mask, i32* rows, i32* slots,
                 i32* full) {
    if (*full) return;
    i64 slot = (i64)(hash_of(keys, count, i) & (u64)mask);
    for (int step = 0; step < MOST_STEPS; step++, slot = (slot + 1) & mask) {
        i32 row = rows[slot];
        if (row == EMPTY) row = claim_slot(rows + slot, (i32)i + 1);
        if (row == EMPTY || same_keys(keys, count, i, row - 1)) {
            slots[i] = (i32)slot;
            return;
        }
    }
    *full = 1;
}
KERNEL(slots,
       (i64 n, const u64* keys, i64 count, i64 mask, i32* rows, i32* slots, i32* full),
       (i, keys, count, mask, rows, slots, full))

FN void tally_rows_at(i64 i, const i32* slots, i64* out) { add(out + slots[i], 1); }
KERNEL(tally_rows, (i64 n, const i32* slots, i64* out), (i, slots, out))

FN void tally_valid_at(i64 i, const i32* slots, const u8* valid, i64* out) {
    if (valid[i]) add(out + slots[i], 1);
}
KERNEL(tally_valid, (i64 n, const i32* slots, const u8* valid, i64* out),
       (i, slots, valid, out))

// *valid* is only looked at where some row is null.
FN void add_floats_at(i64 i, const i32* slots, const void* values, i64 code, i64 nulls,
                      const u8* valid, double* out) {
    if (!nulls || valid[i]) add(out + slots[i], value_of(values, code, i));
}
KERNEL(add_floats,
       (i64 n, const i32* slots, const void* values, i64 code, i64 nulls,
        const u8* valid, double* out),
       (i, slots, values, code, nulls, valid, out))

// Return an integer as it is, and a float as one that is ordered as floats are; of
// unsigned ones the order is that of signed ones when the first bit is turned round.
FN i64 rank_of(const void* values, i64 code, i64 i) {
    switch (code) {
        case I8: return ((const i8*)values)[i];
        case I16: return ((const short*)values)[i];
        case I32: return ((const i32*)values)[i];
        case I64: return ((const i64*)values)[i];
        case U8: return ((const u8*)values)[i];
        case U16: return ((const unsigned short*)values)[i];
        case U32: return ((const u32*)values)[i];
        case U64: return (i64)(((const u64*)values)[i] ^ (1ULL << 63));
        default: break;
    }
    i64 bits = (i64)bits_of(value_of(values, code, i));
    return bits < 0 ? bits ^ 0x7FFFFFFFFFFFFFFFLL : bits;
}

FN void add_integers_at(i64 i, const i32* slots, const void* values, i64 code, i64 nulls,
                        const u8* valid, i64* out) {
    if (nulls && !valid[i]) return;
    i64 value = code == U64 ? ((const i64*)values)[i] : rank_of(values, code, i);
    add(out + slots[i], value);
}
KERNEL(add_integers,
       (i64 n, const i32* slots, const void* values, i64 code, i64 nulls,
        const u8* valid, i64* out),
       (i, slots, values, code, nulls, valid, out))

FN void least_at(i64 i, const i32* slots, const void* values, i64 code, i64 nulls,
                 const u8* valid, i64* out) {
    if (!nulls || valid[i]) lower(out + slots[i], rank_of(values, code, i));
}
KERNEL(least,
       (i64 n, const i32* slots, const void* values, i64 code, i64 nulls,
        const u8* valid, i64* out),
       (i, slots, values, code, nulls, valid, out))

FN void greatest_of_at(i64 i, const i32* slots, const void* values, i64 code, i64 nulls,
                       const u8* valid, i64* out) {
    if (!nulls || valid[i]) raise(out + slots[i], rank_of(values, code, i));
}
KERNEL(greatest_of,
       (i64 n, const i32* slots, const void* values, i64 code, i64 nulls,
        const u8* valid, i64* out),
       (i, slots, values, code, nulls, valid, out))
