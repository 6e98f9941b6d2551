/* Private to journal/: a record as flat bytes, as it stands in a ring. The bytes are read by the machine that
 * wrote them (host byte order), but never trusted: reading checks every length. */
#ifndef PF_JOURNAL_FLAT_H
#define PF_JOURNAL_FLAT_H

#include "journal/record.h"

/* Names the layout; one more with each change of it: rings outlive the program that filled them. */
#define FLAT_FORMAT 1

/* A record that was read back. The pointers of `record` point into this struct and into the bytes that it
 * was read from. Some 900 KB: one of them lives on the heap. */
struct flat_record {
	struct record record;
	struct dns_name name;
	struct record_answer answer;
	struct dns_name hops[RECORD_HOP_MAX];
	struct record_address addresses[RECORD_ADDRESS_MAX];
};

/* Bytes that flat_write will write; at most RECORD_BYTES_MAX. Strings and arrays over their maximum are
 * cut, NULL strings are "". */
size_t flat_bytes(const struct record *record);
void flat_write(const struct record *record, uint8_t *out);

/* PF_EINVAL when the bytes are no record. */
PF_MUST_CHECK int flat_read(const uint8_t *bytes, size_t length, struct flat_record *out);

#endif
