/* Frames of a stranger's network: the first byte names the link, then frames follow, each behind two bytes of its length; the highest bit of
 * a length says that more of it was on the wire. Each frame is in memory of its own. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture/packets.h"
#include "dns/dns.h"

/* As assert, but not to be compiled out. */
#define MUST(condition)                                                     \
	do {                                                                    \
		if (!(condition)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                   \
	} while (0)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void take(void *data, const struct capture_message *message, bool is_answer)
{
	unsigned *sum = data;
	MUST(message->length >= DNS_HEADER_BYTES && message->length <= DNS_MESSAGE_MAX);
	MUST((message->bytes[2] >> 7) == is_answer);
	MUST(message->client.addr.family && message->server.addr.family);
	for (size_t i = 0; i < message->length; i++)
		*sum += message->bytes[i];
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int links[] = {1, 113, 276, 101, 108, 0, 12, 228, 229, 14};
	struct capture_counts counts = {0};
	unsigned sum = 0;
	int64_t wall_us = 0;
	uint64_t frames = 0;
	if (!size)
		return 0;
	int link = links[*data++ % PF_COUNT(links)];
	size--;
	struct packets *packets = packets_new(&(struct capture_sink){take, &sum, &counts});
	MUST(packets);
	while (size >= 2) {
		size_t length = dns_read16(data) & 0x7fff, more = data[0] >> 7;
		data += 2;
		size -= 2;
		length = length < size ? length : size;
		uint8_t *frame = malloc(length ? length : 1);
		MUST(frame);
		memcpy(frame, data, length);
		wall_us += 100000;
		MUST(packets_take(packets, &(struct packets_frame){link, wall_us, frame, length,
		                                                   length + more}) == PF_OK);
		free(frame);
		frames++;
		data += length;
		size -= length;
	}
	packets_end(packets);
	packets_free(&packets);
	MUST(counts.packets == frames);
	return 0;
}
