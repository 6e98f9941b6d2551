/* Private to journal/: a record as dnstap messages (https://dnstap.info): CLIENT_QUERY, for each question to an upstream
 * FORWARDER_QUERY and FORWARDER_RESPONSE, then CLIENT_RESPONSE. */
#ifndef PF_JOURNAL_DNSTAP_MESSAGE_H
#define PF_JOURNAL_DNSTAP_MESSAGE_H

#include "journal/record.h"

#define DNSTAP_IDENTITY_MAX 256
#define DNSTAP_VERSION_MAX 64

#define DNSTAP_WORDS_COUNT 64 /* how queries end: a household has some dozen ways */
#define DNSTAP_WORDS_MAX 256
struct dnstap_words {
	uint64_t key; /* 0: free */
	size_t length;
	char text[DNSTAP_WORDS_MAX];
};

struct dnstap_writer {
	struct dnstap_words words[DNSTAP_WORDS_COUNT];
	size_t lead_length;
	uint8_t lead[DNSTAP_IDENTITY_MAX + DNSTAP_VERSION_MAX + 8]; /* who tells: the same in all */
};

void dnstap_writer_init(struct dnstap_writer *writer, const char *identity, const char *version);

/* So much dnstap_write writes at most. The record has its messages (`wire`). */
size_t dnstap_bytes_max(const struct dnstap_writer *writer, const struct record *record);

/* Writes all messages, each with its length in front: | 32 bits, big end first | Dnstap |. Returns how many bytes. */
size_t dnstap_write(struct dnstap_writer *writer, const struct record *record, uint8_t *out);

#endif
