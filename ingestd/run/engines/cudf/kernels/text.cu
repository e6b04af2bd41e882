// The text of a chunk: quotes, separators, records.

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
FN void ends_at(i64 i, i64 begin, const i32* places, i64 fields, i64 records,
                const i64* bounds, i64* out, i32* flags) {
    i64 low = 0, high = records;
    while (low < high) {
        i64 middle = (low + high) / 2;
        if ((i64)places[(middle + 1) * fields - 1] < bounds[i]) low = middle + 1;
        else high = middle;
    }
    out[i] = low;
    i64 stop = low ? places[low * fields - 1] + 1 : begin;
    if (stop != bounds[i]) flags[BORDER] = 1;
}
KERNEL(ends,
       (i64 n, i64 begin, const i32* places, i64 fields, i64 records, const i64* bounds,
        i64* out, i32* flags),
       (i, begin, places, fields, records, bounds, out, flags))
