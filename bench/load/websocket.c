#include "websocket.h"

#include <stdint.h>
#include <string.h>

enum { FINAL = 0x80, COMPRESSED = 0x40, MASKED = 0x80, OPCODE = 0x0f, LENGTH = 0x7f };
enum { LENGTH_16 = 126, LENGTH_64 = 127, MASK_SIZE = 4 };

/* xorshift: the mask must differ from frame to frame, not be secret. */
static uint32_t next_mask(void)
{
    static uint32_t state = 2463534242u;
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state;
}

size_t frame_write(char *out, int opcode, const char *payload, size_t length, bool masked)
{
    size_t header = 2;
    out[0] = (char)(FINAL | opcode);
    if (length < LENGTH_16) {
        out[1] = (char)length;
    } else {
        out[1] = LENGTH_16;
        out[2] = (char)(length >> 8);
        out[3] = (char)length;
        header = 4;
    }
    if (!masked) {
        memcpy(out + header, payload, length);
        return header + length;
    }
    out[1] = (char)(out[1] | MASKED);
    uint32_t mask = next_mask();
    memcpy(out + header, &mask, MASK_SIZE);
    const char *key = out + header;
    header += MASK_SIZE;
    for (size_t i = 0; i < length; i++)
        out[header + i] = payload[i] ^ key[i % MASK_SIZE];
    return header + length;
}

static uint64_t big_endian(const unsigned char *bytes, int count)
{
    uint64_t value = 0;
    for (int i = 0; i < count; i++)
        value = value << 8 | bytes[i];
    return value;
}

size_t frame_read(char *in, size_t available, Frame *frame)
{
    const unsigned char *bytes = (const unsigned char *)in;
    if (available < 2)
        return 0;
    uint64_t length = bytes[1] & LENGTH;
    int length_bytes = length == LENGTH_16 ? 2 : length == LENGTH_64 ? 8 : 0;
    bool masked = bytes[1] & MASKED;
    size_t header = 2 + (size_t)length_bytes + (masked ? MASK_SIZE : 0);
    if (available < header)
        return 0;
    if (length_bytes)
        length = big_endian(bytes + 2, length_bytes);
    if (available - header < length)
        return 0;
    frame->opcode = bytes[0] & OPCODE;
    frame->compressed = bytes[0] & COMPRESSED;
    frame->payload = in + header;
    frame->length = length;
    if (masked) {
        const char *key = frame->payload - MASK_SIZE;
        for (size_t i = 0; i < length; i++)
            frame->payload[i] ^= key[i % MASK_SIZE];
    }
    return header + length;
}
