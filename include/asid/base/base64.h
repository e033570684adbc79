/*
 * Base64 (RFC 4648, section 4: with padding, without line breaks).
 */
#ifndef ASID_BASE_BASE64_H
#define ASID_BASE_BASE64_H

#include <stddef.h>

#include "asid/base/str.h"

/* Characters that n bytes become; n below SIZE_MAX / 2. */
static inline size_t base64_length(size_t n)
{
    return (n / 3 + (n % 3 != 0)) * 4;
}
/* Append the encoded bytes; beyond the cap the buffer fails as for buf_add. */
void base64_add(struct buf *out, struct str bytes);

#endif
