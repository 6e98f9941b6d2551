/* A stranger's frames of HTTP/2: however they are cut into pieces, the same questions are asked and the same bytes are answered. */
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "net/http2.h"

#define BYTES_MAX 8192
#define ASKED_MAX 512
#define SENT_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
	size_t asked_count, sent_length;
	struct http2_request *asked[ASKED_MAX];
	uint8_t *sent;
	bool received, goes_on;
};

static void on_asked(void *data, struct http2_request *request, const char *label,
                     const uint8_t *message, size_t length)
{
	struct outcome *outcome = data;
	(void)label, (void)message, (void)length;
	if (outcome->asked_count == ASKED_MAX || http2_owner(request) != data)
		abort();
	outcome->asked[outcome->asked_count++] = request;
}

static void on_send(void *data, const uint8_t *bytes, size_t length)
{
	struct outcome *outcome = data;
	if (outcome->sent_length + length > SENT_MAX)
		abort();
	memcpy(outcome->sent + outcome->sent_length, bytes, length);
	outcome->sent_length += length;
}

static void play(struct outcome *outcome, const uint8_t *data, size_t size, size_t piece)
{
	static const struct http2_user user = {.asked = on_asked, .send = on_send};
	static const uint8_t answer[40];
	struct http2 *http2 = http2_new(&user, outcome);
	outcome->received = http2 != NULL;
	for (size_t at = 0; outcome->received && at < size; at += piece)
		outcome->received = http2_received(http2, data + at, size - at < piece ? size - at : piece);
	for (size_t i = 0; i < outcome->asked_count; i++)
		http2_answer(outcome->asked[i], answer, i % 3 ? sizeof answer : 0, 60);
	outcome->goes_on = http2 && http2_send(http2);
	http2_free(&http2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct outcome *outcomes = size > 1 && size < BYTES_MAX ? calloc(2, sizeof *outcomes) : NULL;
	if (!outcomes)
		return 0;
	for (size_t i = 0; i < 2; i++) {
		outcomes[i].sent = malloc(SENT_MAX);
		if (!outcomes[i].sent)
			abort();
		play(&outcomes[i], data + 1, size - 1, i ? 1 + (size_t)data[0] % 32 : size);
	}
	if (outcomes[0].received != outcomes[1].received ||
	    outcomes[0].goes_on != outcomes[1].goes_on ||
	    outcomes[0].asked_count != outcomes[1].asked_count ||
	    outcomes[0].sent_length != outcomes[1].sent_length ||
	    memcmp(outcomes[0].sent, outcomes[1].sent, outcomes[0].sent_length))
		abort();
	free(outcomes[0].sent);
	free(outcomes[1].sent);
	free(outcomes);
	return 0;
}
