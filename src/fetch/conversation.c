/* One round of a response policy zone: over one TCP connection the primary is asked for its SOA, and when that is newer than ours
 * for the differences, or for the whole when there is no copy or the differences can not be had. The records become a zone file
 * beside the copy, which is taken only when the last message has come and, with a key, was proved. */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "config/secret.h"
#include "fetch/diff.h"
#include "fetch/link.h"
#include "fetch/source.h"

struct conversation {
	struct source *source;
	uv_timer_t deadline;
	struct link *link;
	struct tsig_key key;
	struct tsig_session session;
	uint16_t asked; /* DNS_TYPE_SOA, DNS_TYPE_IXFR, DNS_TYPE_AXFR: what the next message answers */
	uint64_t bytes;
	struct zone_transfer transfer;
	struct diff diff;
	struct replacement writer;
	int take_error, take_errno; /* why the sink would not */
};

static void ask(struct conversation *conversation, uint16_t type);

/* ---- ending ------------------------------------------------------------------------------ */

static void on_closed(uv_handle_t *handle)
{
	struct conversation *conversation = handle->data;
	explicit_bzero(&conversation->key, sizeof conversation->key);
	free(conversation);
}

static void drop_link(struct conversation *conversation)
{
	if (conversation->link)
		link_close(conversation->link);
	conversation->link = NULL;
	tsig_deinit(&conversation->session);
	replace_abort(&conversation->writer);
	diff_deinit(&conversation->diff);
}

void conversation_abort(struct source *source)
{
	struct conversation *conversation = source->conversation;
	if (!conversation)
		return;
	source->conversation = NULL;
	drop_link(conversation);
	uv_close((uv_handle_t *)&conversation->deadline, on_closed);
}

static void finish(struct conversation *conversation, enum round round, const char *error)
{
	struct source *source = conversation->source;
	conversation_abort(source);
	source_finish(source, round, error);
}

static void fail(struct conversation *conversation, const char *format, ...) PF_PRINTF(2, 3);

static void fail(struct conversation *conversation, const char *format, ...)
{
	char error[FETCH_ERROR_MAX];
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(error, sizeof error, format, arguments);
	va_end(arguments);
	finish(conversation, ROUND_FAILED, error);
}

/* ---- records ----------------------------------------------------------------------------- */

static int begin_copy(struct conversation *conversation)
{
	const struct config_list *list = &conversation->source->list;
	if (copy_make_folder(list->file) != PF_OK)
		return PF_EIO;
	return replace_begin(&conversation->writer, list->file, REPLACE_MODE, list->bytes_max);
}

static int begin_whole(struct conversation *conversation)
{
	const char *soa = conversation->transfer.soa_line;
	int error = begin_copy(conversation);
	if (error == PF_OK)
		error = replace_write(&conversation->writer, soa, strlen(soa));
	return error == PF_OK ? replace_write(&conversation->writer, "\n", 1) : error;
}

static int take_record(void *data, const struct zone_transfer_record *record)
{
	struct conversation *conversation = data;
	int error = PF_OK;
	if (conversation->transfer.incremental) {
		error = diff_add(&conversation->diff, record);
	} else {
		if (conversation->writer.fd < 0)
			error = begin_whole(conversation);
		if (error == PF_OK)
			error = replace_write(&conversation->writer, record->line, record->length);
		if (error == PF_OK)
			error = replace_write(&conversation->writer, "\n", 1);
	}
	conversation->take_error = error;
	conversation->take_errno = errno;
	return error;
}

static const char *take_reason(const struct conversation *conversation, int error)
{
	return error == PF_EFULL    ? "it is larger than allowed (max-size)"
	       : error == PF_ENOMEM ? "out of memory"
	                            : strerror(conversation->take_errno);
}

static void remember_soa(struct source *source, const struct zone_transfer_soa *soa)
{
	struct copy_state *state = &source->state;
	state->has_serial = true;
	state->serial = soa->serial;
	state->refresh_s = soa->refresh_s;
	state->retry_s = soa->retry_s;
	state->expire_s = soa->expire_s;
}

/* The answer is whole and proved. */
static void take_zone(struct conversation *conversation)
{
	struct source *source = conversation->source;
	char error[FETCH_ERROR_MAX];
	int result = PF_OK;
	if (conversation->transfer.incremental) {
		result = begin_copy(conversation);
		if (result == PF_OK)
			result = diff_apply(&conversation->diff, source->list.file,
			                    conversation->transfer.soa_line, &conversation->writer);
	} else if (conversation->writer.fd < 0) {
		result = begin_whole(conversation);
	}
	conversation->take_errno = errno;
	if (result == PF_ECONFLICT) { /* our copy is not what the primary thinks it is */
		ask(conversation, DNS_TYPE_AXFR);
		return;
	}
	if (result != PF_OK) {
		fail(conversation, "the copy can not be written: %s", take_reason(conversation, result));
		return;
	}
	enum round round = source_take(source, &conversation->writer, error);
	if (round != ROUND_FAILED)
		remember_soa(source, &conversation->transfer.soa);
	source->incremental = conversation->transfer.incremental;
	finish(conversation, round, error);
}

/* ---- messages ---------------------------------------------------------------------------- */

static void fail_rcode(struct conversation *conversation, unsigned rcode)
{
	char text[DNS_TYPE_TEXT_MAX];
	dns_rcode_to_text(rcode, text);
	fail(conversation, "the primary answers %s", text);
}

static const char *refusal(unsigned error)
{
	switch (error) {
	case 16: return "the primary does not take our signature (BADSIG): is the secret the same?";
	case 17: return "the primary does not know our key (BADKEY): check its name and algorithm";
	case 18: return "the primary's clock and ours differ (BADTIME)";
	default: return "the primary does not take our signature";
	}
}

/* False: the conversation is over. */
static bool verify(struct conversation *conversation, uint8_t *message, size_t *length,
                   bool *proved)
{
	unsigned error;
	*proved = true;
	if (!conversation->source->list.rpz->tsig)
		return true;
	uint64_t wall_s = (uint64_t)(clock_now().wall_us / 1000000);
	enum tsig_result result =
		tsig_verify(&conversation->session, message, *length, wall_s, length, &error);
	*proved = result == TSIG_OK;
	switch (result) {
	case TSIG_OK:
	case TSIG_PENDING: return true;
	case TSIG_MISSING: fail(conversation, "the answer is not signed, though a key is given"); break;
	case TSIG_BAD:
		fail(conversation, "the answer's signature is wrong: check key, algorithm and secret");
		break;
	case TSIG_BAD_TIME: fail(conversation, "the primary's clock and ours differ"); break;
	case TSIG_REFUSED: fail(conversation, "%s", refusal(error)); break;
	case TSIG_NO_MEMORY: fail(conversation, "out of memory"); break;
	}
	return false;
}

static void take_soa(struct conversation *conversation, const uint8_t *message, size_t length,
                     bool proved)
{
	struct source *source = conversation->source;
	const struct copy_state *state = &source->state;
	struct zone_transfer_soa soa;
	unsigned rcode;
	char error[TRANSFER_ERROR_MAX];
	bool have = state->has_serial && !state->expired && !access(source->list.file, F_OK);
	if (zone_transfer_read_soa(message, length, &source->list.rpz->zone, conversation->transfer.id,
	                           &soa, &rcode, error) != PF_OK) {
		if (rcode)
			fail_rcode(conversation, rcode);
		else
			fail(conversation, "%s", error);
	} else if (!proved) {
		fail(conversation, "the answer is not signed, though a key is given");
	} else if (!have) {
		ask(conversation, DNS_TYPE_AXFR);
	} else if (soa.serial == state->serial) {
		remember_soa(source, &soa);
		finish(conversation, ROUND_SAME, NULL);
	} else if (!zone_transfer_is_newer(soa.serial, state->serial)) {
		fail(
			conversation,
			"the primary's serial %u is older than ours, %u; to take it all the same, remove %.180s "
			"and update again",
			soa.serial, state->serial, source->list.file);
	} else {
		ask(conversation, DNS_TYPE_IXFR);
	}
}

static void take_transfer(struct conversation *conversation, const uint8_t *message, size_t length,
                          bool proved)
{
	struct zone_transfer *transfer = &conversation->transfer;
	bool incremental = conversation->asked == DNS_TYPE_IXFR;
	switch (zone_transfer_feed(transfer, message, length)) {
	case TRANSFER_MORE: break;
	case TRANSFER_DONE:
		if (proved)
			take_zone(conversation);
		else
			fail(conversation, "the end of the answer is not signed, though a key is given");
		break;
	case TRANSFER_CURRENT: finish(conversation, ROUND_SAME, NULL); break;
	case TRANSFER_REFUSED:
		if (incremental)
			ask(conversation, DNS_TYPE_AXFR);
		else
			fail_rcode(conversation, transfer->rcode);
		break;
	case TRANSFER_BROKEN:
		if (conversation->take_error != PF_OK)
			fail(conversation, "the zone can not be kept: %s",
			     take_reason(conversation, conversation->take_error));
		else if (incremental)
			ask(conversation, DNS_TYPE_AXFR);
		else
			fail(conversation, "%s", transfer->error);
		break;
	}
}

static void on_message(void *data, uint8_t *message, size_t length)
{
	struct conversation *conversation = data;
	bool proved;
	conversation->bytes += length;
	source_progress(conversation->source, conversation->bytes);
	if (!verify(conversation, message, &length, &proved))
		return;
	if (conversation->asked == DNS_TYPE_SOA)
		take_soa(conversation, message, length, proved);
	else
		take_transfer(conversation, message, length, proved);
}

/* ---- asking ------------------------------------------------------------------------------ */

static void on_failed(void *data, const char *why)
{
	struct conversation *conversation = data;
	if (conversation->asked == DNS_TYPE_IXFR)
		ask(conversation, DNS_TYPE_AXFR); /* some servers hang up on what they do not know */
	else
		fail(conversation, "%s", why);
}

static void send_request(struct conversation *conversation)
{
	struct source *source = conversation->source;
	const struct config_rpz *rpz = source->list.rpz;
	struct zone_transfer *transfer = &conversation->transfer;
	uint8_t request[TRANSFER_REQUEST_MAX + TSIG_RECORD_MAX];
	tsig_deinit(&conversation->session);
	random_bytes(&transfer->id, sizeof transfer->id);
	transfer->zone = rpz->zone;
	transfer->type = conversation->asked;
	transfer->serial = source->state.serial;
	transfer->take = take_record;
	transfer->data = conversation;
	conversation->take_error = PF_OK;
	zone_transfer_begin(transfer);
	size_t length = zone_transfer_write_request(request, &rpz->zone, conversation->asked,
	                                            transfer->id, transfer->serial);
	if (rpz->tsig) {
		uint64_t wall_s = (uint64_t)(clock_now().wall_us / 1000000);
		int longer = tsig_sign(&conversation->session, &conversation->key, request, length, wall_s);
		if (longer < 0) {
			fail(conversation, "the request can not be signed: out of memory");
			return;
		}
		length = (size_t)longer;
	}
	link_send(conversation->link, request, length);
}

static void on_connected(void *data)
{
	send_request(data);
}

/* The SOA and the differences are asked for on the same connection; the whole zone always on a new one, since whatever the
 * primary still has to say on the old one is of no interest any more. */
static void ask(struct conversation *conversation, uint16_t type)
{
	static const struct link_calls calls = {on_connected, on_message, on_failed};
	struct source *source = conversation->source;
	const char *why;
	conversation->asked = type;
	if (type == DNS_TYPE_IXFR) {
		send_request(conversation);
		return;
	}
	drop_link(conversation);
	diff_init(&conversation->diff, source->list.bytes_max);
	conversation->link =
		link_open(source->fetch->loop, &source->list.rpz->primary, &calls, conversation, &why);
	if (!conversation->link)
		fail(conversation, "%s", why);
}

/* ---- beginning --------------------------------------------------------------------------- */

static void on_deadline(uv_timer_t *timer)
{
	struct conversation *conversation = timer->data;
	fail(conversation, "it took longer than allowed (timeout)");
}

void conversation_start(struct source *source)
{
	const struct config_rpz *rpz = source->list.rpz;
	struct conversation *conversation = calloc(1, sizeof *conversation);
	source->conversation = conversation;
	if (!conversation) {
		source_finish(source, ROUND_FAILED, "out of memory");
		return;
	}
	conversation->source = source;
	conversation->writer.fd = -1;
	uv_timer_init(source->fetch->loop, &conversation->deadline);
	conversation->deadline.data = conversation;
	uv_timer_start(&conversation->deadline, on_deadline, (uint64_t)source->list.timeout_us / 1000,
	               0);
	/* Read for each round, so that a secret can be changed without a reload. */
	const char *why = rpz->tsig ? config_rpz_key(rpz, &conversation->key) : NULL;
	if (why)
		fail(conversation, "the secret in %s can not be read: %s", rpz->secret_file, why);
	else
		ask(conversation, DNS_TYPE_SOA);
}
