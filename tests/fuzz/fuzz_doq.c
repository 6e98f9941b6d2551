/* What a stranger puts into a stream of DNS over QUIC, a client into its query or a server into its answer: in pieces of any size it comes
 * out as in one, and what comes out is what stood behind the length. The first byte says how large the pieces are. */
#include <stdlib.h>
#include <string.h>

#include "dns/dns.h"
#include "quic/doq.h"

#define BYTES_MAX 8192

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static enum doq_state take(struct doq_message *message, const uint8_t *bytes, size_t length,
                           size_t piece, size_t length_max)
{
	enum doq_state state = DOQ_MORE;
	size_t at = 0;
	do {
		size_t now = length - at < piece ? length - at : piece;
		state = doq_take(message, bytes + at, now, at + now == length, length_max);
		at += now;
	} while (state == DOQ_MORE && at < length);
	return state;
}

static void check(const uint8_t *bytes, size_t length, size_t piece, size_t length_max)
{
	struct doq_message whole = {0}, pieces = {0};
	enum doq_state state = take(&whole, bytes, length, BYTES_MAX, length_max);
	if (state != take(&pieces, bytes, length, piece, length_max))
		abort();
	if (state == DOQ_MORE || (state == DOQ_TOO_LONG && length_max == DNS_MESSAGE_MAX))
		abort();
	if (state == DOQ_WHOLE) {
		if (whole.length != length - 2 || pieces.length != whole.length ||
		    memcmp(whole.bytes, bytes + 2, whole.length) ||
		    memcmp(pieces.bytes, bytes + 2, whole.length))
			abort();
		bool good = doq_is_proper(whole.bytes, whole.length) && whole.length >= 2;
		if ((good || doq_is_answer(whole.bytes, whole.length)) &&
		    (whole.bytes[0] || whole.bytes[1]))
			abort();
	}
	doq_free(&whole);
	doq_free(&pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size || size > BYTES_MAX)
		return 0;
	check(data + 1, size - 1, (size_t)data[0] + 1, DOQ_QUERY_BYTES_MAX);
	check(data + 1, size - 1, (size_t)data[0] + 1, DNS_MESSAGE_MAX);
	return 0;
}
