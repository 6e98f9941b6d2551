/* DNS over QUIC (RFC 9250) as it stands in one stream, of a question or of an answer: a length of two bytes, a message, and
 * the end. No QUIC in here. */
#ifndef PF_QUIC_DOQ_H
#define PF_QUIC_DOQ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DOQ_APPLICATION "doq"
#define DOQ_QUERY_BYTES_MAX 4096 /* a longer query resets its stream */

/* RFC 9250, 4.3 */
enum doq_error {
	DOQ_NO_ERROR,
	DOQ_INTERNAL_ERROR,
	DOQ_PROTOCOL_ERROR,
	DOQ_REQUEST_CANCELLED,
	DOQ_EXCESSIVE_LOAD,
};

/* Zeroed at first. */
struct doq_message {
	uint8_t *bytes; /* owned: the message, as far as it is there */
	uint16_t length;
	size_t have; /* bytes that have come, the two of the length among them */
};

enum doq_state {
	DOQ_MORE,     /* it is not whole */
	DOQ_WHOLE,    /* it is, and nothing is behind it */
	DOQ_WRONG,    /* two messages, an end before the end: the connection is to be closed (4.3.3) */
	DOQ_TOO_LONG, /* it would be longer than we take */
	DOQ_NO_ROOM,  /* no memory */
};

/* What has come next in the stream; `end`: nothing will come behind it. A message may have `length_max` bytes. After DOQ_WHOLE and the errors
 * nothing more may come. */
enum doq_state doq_take(struct doq_message *message, const uint8_t *bytes, size_t length, bool end,
                        size_t length_max);
void doq_free(struct doq_message *message);

/* Can this be the answer to what was asked over QUIC? It has a header, whose id is 0. */
bool doq_is_answer(const uint8_t *message, size_t length);
/* May this query be sent over QUIC? Its id is 0 (4.2.1), and it does not try to keep a TCP connection alive (5.5.2). */
bool doq_is_proper(const uint8_t *message, size_t length);

#endif
