/* A stranger's capture, from the file to pairs of questions and answers: pcap, pcapng or dnstap, whatever the first byte says. Whatever
 * comes, every message is counted once, and each question ends once. */
#include <stdio.h>
#include <stdlib.h>

#include "capture/file.h"
#include "capture/pairs.h"
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

struct world {
	struct capture_counts counts;
	struct pairs *pairs;
	uint64_t messages, pairs_count;
	unsigned sum; /* all bytes are looked at, so that a sanitizer sees those that are not there */
};

static void take_pair(void *data, const struct capture_pair *pair)
{
	struct world *world = data;
	world->pairs_count++;
	MUST(pair->question && pair->query->question_length);
	MUST(!pair->answer || pair->answer->length >= DNS_HEADER_BYTES);
}

static void take(void *data, const struct capture_message *message, bool is_answer)
{
	struct world *world = data;
	world->messages++;
	MUST(message->length >= DNS_HEADER_BYTES && message->length <= DNS_MESSAGE_MAX);
	MUST((message->bytes[2] >> 7) == is_answer);
	for (size_t i = 0; i < message->length; i++)
		world->sum += message->bytes[i];
	pairs_take(world->pairs, message, is_answer);
}

static void check(const struct world *world, uint64_t from_answers)
{
	const struct capture_counts *counts = &world->counts;
	MUST(counts->questions + counts->answers == world->messages + from_answers);
	MUST(counts->paired + counts->unanswered == world->pairs_count);
	MUST(counts->questions + counts->answers ==
	     counts->opcode_questions + counts->opcode_answers + counts->damaged[DAMAGE_QUESTION] +
	         counts->damaged[DAMAGE_CLOCK] + 2 * counts->paired + counts->unanswered +
	         counts->unasked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct world world = {0};
	char error[CAPTURE_ERROR_MAX] = "";
	if (!size)
		return 0;
	world.pairs = pairs_new(&world.counts, take_pair, &world);
	MUST(world.pairs);
	struct capture_reading reading = {.path = "fuzz", .sink = {take, &world, &world.counts}};
	reading.packets = packets_new(&reading.sink);
	FILE *stream = fmemopen((void *)data, size, "rb");
	MUST(reading.packets && stream);
	int result = capture_read_stream(&reading, stream, error);
	MUST(result == PF_OK ? !world.counts.damaged[DAMAGE_FILE] == !*reading.note : *error);
	packets_end(reading.packets);
	pairs_end(world.pairs);
	/* an answer of dnstap may bring its question along */
	check(&world, world.counts.questions + world.counts.answers - world.messages);
	packets_free(&reading.packets);
	pairs_free(&world.pairs);
	return 0;
}
