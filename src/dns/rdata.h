/* The data of records as people write it, into wire form: local data of lists (RFC 1035, 5.1; RFC 3597). */
#ifndef PF_DNS_RDATA_H
#define PF_DNS_RDATA_H

#include <stdint.h>

#include "base/error.h"

#define RDATA_BYTES_MAX 4096 /* of one record; a TXT of a page */

/* "192.0.2.1", "10 mail.example", "\"some text\"", "\\# 4 c0000201". Names are absolute, with or without the
 * last dot, and come out in lower case and without compression. Returns the length, or PF_EINVAL. */
PF_MUST_CHECK int rdata_from_text(uint16_t type, const char *text, uint8_t rdata[RDATA_BYTES_MAX]);

#endif
