/* Private to journal/: a record as dnstap messages (https://dnstap.info): CLIENT_QUERY, for each question to an upstream
 * FORWARDER_QUERY and FORWARDER_RESPONSE, then CLIENT_RESPONSE; those of them that are wanted. */
#ifndef PF_JOURNAL_DNSTAP_MESSAGE_H
#define PF_JOURNAL_DNSTAP_MESSAGE_H

#include "config/config.h"
#include "journal/dnstap/proto.h"
#include "journal/flat.h"

#define DNSTAP_IDENTITY_MAX 256
#define DNSTAP_VERSION_MAX 64

#define DNSTAP_WORDS_BITS 6 /* how queries end: a household has some dozen ways */
#define DNSTAP_WORDS_MAX 256
struct dnstap_words {
	uint64_t key; /* 0: free */
	size_t length;
	char text[DNSTAP_WORDS_MAX];
};

struct dnstap_writer {
	struct dnstap_words words[1 << DNSTAP_WORDS_BITS];
	unsigned
		sent[2]; /* bits of enum config_message: of an exchange without a response, and with one */
	size_t frame_max; /* bytes of a frame but for what comes from the record */
	size_t lead_length;
	uint8_t lead[DNSTAP_IDENTITY_MAX + DNSTAP_VERSION_MAX + 8]; /* who tells: the same in all */
	int64_t second; /* of 1970, and as it is written: most messages are of the same one */
	size_t second_length;
	uint8_t second_bytes[2 * sizeof(uint64_t)];
};

void dnstap_writer_init(struct dnstap_writer *writer, unsigned messages, const char *identity,
                        const char *version);

/* So much dnstap_write writes at most. The record has its messages. */
size_t dnstap_bytes_max(const struct dnstap_writer *writer, const struct flat_opened *opened);

/* Writes all messages, each with its length in front: | 32 bits, big end first | Dnstap |. Returns how many bytes; 0 when none of what happened
 * is wanted. */
size_t dnstap_write(struct dnstap_writer *writer, const struct flat_opened *opened, uint8_t *out);

#endif
