// Integers and floats, exactly or not at all.

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
    return exponent >= -126 && *out - *out == 0.0f;  // all its bits, and finite
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
