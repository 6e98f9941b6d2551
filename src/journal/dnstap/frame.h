/* Private to journal/: the control frames of Frame Streams, by which a writer and a collector agree before data flows:
 *
 *   writer: READY (content type) → collector: ACCEPT → writer: START, data … STOP → collector: FINISH
 *
 *   control: | 0 (32 bits) | length | type | fields: | 1 | length | content type | … ; data: | length | payload |
 *
 * All numbers have 32 bits, big end first. */
#ifndef PF_JOURNAL_DNSTAP_FRAME_H
#define PF_JOURNAL_DNSTAP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "base/frame_stream.h"

#define FRAME_BYTES_MAX (8 + FRAME_STREAM_CONTROL_MAX)

struct frame_control {
	enum frame_type type;
	bool takes_dnstap; /* our content type is among its fields, or it has none */
};

/* Writes a control frame, with our content type where it belongs (READY, START). Returns its length. */
size_t frame_write(enum frame_type type, uint8_t out[FRAME_BYTES_MAX]);

/* Reads one control frame at the start of `bytes`. Returns the bytes that it takes, 0 when more are needed, PF_EINVAL when it is
 * none. */
PF_MUST_CHECK int frame_read(const uint8_t *bytes, size_t length, struct frame_control *out);

#endif
