/* Private to device/: what the parsers of lease files share. */
#ifndef PF_DEVICE_LEASE_TEXT_H
#define PF_DEVICE_LEASE_TEXT_H

#include "device/lease.h"

#define LEASE_WORDS_MAX 24 /* of one line; odhcpd lists the addresses of a client at the end */
#define LEASE_WORD_MAX \
	256 /* bytes, NUL included; longer words are cut, and then parse as nothing */

/* A reading of one file. */
struct leasing {
	struct lease_list *list;
	size_t room;
	int64_t wall_s;
	bool no_memory;
};

void lease_add(struct leasing *leasing, const struct lease *lease);

/* The words of a line, divided by any of `between`; empty words count only when `between` is a comma. */
struct lease_words {
	size_t count;
	char words[LEASE_WORDS_MAX][LEASE_WORD_MAX];
};
/* The next line's end; NULL at the text's end. A last line without an end is torn, and no line. */
const char *lease_line_end(const char *at, const char *end);
void lease_split(const char *at, const char *end, char between, struct lease_words *out);

/* What a word says, put into the lease; false (or nothing) when it says nothing. */
bool lease_set_addr(struct lease *lease, const char *word);
bool lease_set_mac(struct lease *lease, const char *word);
void lease_set_host(struct lease *lease, const char *word);
/* Hex digits, with ':' between bytes or without. */
void lease_set_client(struct lease *lease, const char *word);
void lease_set_client_bytes(struct lease *lease, const uint8_t *bytes, size_t length);
/* Seconds since 1970; false when it is no number. */
bool lease_number(const char *word, int64_t *number);

void lease_parse_dnsmasq(struct leasing *leasing, const char *at, const char *end);
void lease_parse_dhcpd(struct leasing *leasing, const char *at, const char *end);
void lease_parse_kea(struct leasing *leasing, const char *at, const char *end);
void lease_parse_odhcpd(struct leasing *leasing, const char *at, const char *end);

#endif
