/* A stranger's zone transfer. The first byte holds switches, the rest is what comes over TCP: messages, each behind two bytes of
 * its length. Whatever comes, a line is one line of text that says owner, TTL, class, type and data, and is of the zone. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/tsig.h"
#include "dns/zone_transfer.h"

/* As assert, but not to be compiled out. */
#define MUST(condition)                                                     \
	do {                                                                    \
		if (!(condition)) {                                                 \
			fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #condition); \
			abort();                                                        \
		}                                                                   \
	} while (0)

#define SWITCH_IXFR 1
#define SWITCH_TSIG 2
#define SWITCH_SOA 4
#define ID 0x1234
#define WALL_S 1800000000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct zone_transfer transfer;

static int take(void *data, const struct zone_transfer_record *record)
{
	(void)data;
	struct dns_name owner;
	char text[NAME_TEXT_MAX + 1];
	MUST(record->length == strlen(record->line) && record->length < TRANSFER_LINE_MAX);
	for (size_t i = 0; i < record->length; i++)
		MUST(record->line[i] >= ' ' && record->line[i] <= '~');
	size_t length = strcspn(record->line, " ");
	MUST(length < sizeof text && record->line[length] == ' ');
	memcpy(text, record->line, length);
	text[length] = '\0';
	MUST(dns_name_from_text(text, &owner) == PF_OK);
	MUST(dns_name_is_under(&owner, &transfer.zone));
	MUST(strstr(record->line + length, " IN "));
	MUST(*transfer.soa_line);
	return PF_OK;
}

static void read_soa(const uint8_t *message, size_t length)
{
	struct zone_transfer_soa soa;
	unsigned rcode;
	char error[TRANSFER_ERROR_MAX];
	if (zone_transfer_read_soa(message, length, &transfer.zone, ID, &soa, &rcode, error) != PF_OK)
		MUST(rcode || *error);
}

static enum zone_transfer_step take_message(uint8_t *message, size_t length, unsigned switches,
                                            struct tsig_session *session)
{
	unsigned error;
	if (switches & SWITCH_TSIG) {
		size_t whole = length;
		enum tsig_result result = tsig_verify(session, message, length, WALL_S, &length, &error);
		MUST(length <= whole);
		MUST(length < whole ? result == TSIG_OK : result != TSIG_OK);
		/* Without the secret nobody can make one that is right, but what follows must stand it all the same. */
	}
	if (switches & SWITCH_SOA) {
		read_soa(message, length);
		return TRANSFER_BROKEN;
	}
	enum zone_transfer_step step = zone_transfer_feed(&transfer, message, length);
	MUST(step != TRANSFER_BROKEN || *transfer.error);
	MUST(step != TRANSFER_REFUSED || transfer.rcode);
	return step;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char secret[] = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";
	struct tsig_session session;
	struct tsig_key key = {.algorithm = TSIG_HMAC_SHA256};
	uint8_t request[TRANSFER_REQUEST_MAX + TSIG_RECORD_MAX];
	if (!size)
		return 0;
	unsigned switches = *data++;
	size--;
	MUST(dns_name_from_text("transfer.key", &key.name) == PF_OK);
	MUST(dns_name_from_text("rpz.example", &transfer.zone) == PF_OK);
	MUST(tsig_secret_parse(secret, strlen(secret), &key) == PF_OK);
	transfer.type = switches & SWITCH_IXFR ? DNS_TYPE_IXFR : DNS_TYPE_AXFR;
	transfer.id = ID;
	transfer.serial = 1;
	transfer.take = take;
	zone_transfer_begin(&transfer);
	size_t length = zone_transfer_write_request(request, &transfer.zone, transfer.type, ID, 1);
	MUST(tsig_sign(&session, &key, request, length, WALL_S) > 0);
	enum zone_transfer_step step = TRANSFER_MORE;
	while (step == TRANSFER_MORE && size >= 2) {
		size_t piece = dns_read16(data);
		data += 2;
		size -= 2;
		piece = piece < size ? piece : size;
		/* Memory of its own, so that a byte behind the end is noticed. */
		uint8_t *message = malloc(piece ? piece : 1);
		MUST(message);
		memcpy(message, data, piece);
		step = take_message(message, piece, switches, &session);
		free(message);
		data += piece;
		size -= piece;
	}
	tsig_deinit(&session);
	return 0;
}
