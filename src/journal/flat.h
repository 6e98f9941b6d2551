/* Private to journal/: a record as flat bytes, as it stands in a ring. The bytes are read by the machine that
 * wrote them (host byte order), but never trusted: reading checks every length. */
#ifndef PF_JOURNAL_FLAT_H
#define PF_JOURNAL_FLAT_H

#include "journal/record.h"
#include "journal/sink.h"

/* Names the layout; one more with each change of it: rings outlive the program that filled them. */
#define FLAT_FORMAT 5

/* Bytes of a record's texts, without their NUL. */
struct flat_texts {
	uint16_t reason;
	uint8_t device_id, device_name, rule_name, upstream;
};

/* A record that was read back. The pointers of `record` point into this struct and into the bytes that it
 * was read from. Some 900 KB: one of them lives on the heap. */
struct flat_record {
	struct record record;
	struct flat_texts texts;
	const uint8_t *name_wire; /* of name_length bytes */
	uint8_t name_length;
	/* flat_read's alone: */
	struct dns_name name;
	struct record_answer answer;
	struct dns_name hops[RECORD_HOP_MAX];
	struct record_address addresses[RECORD_ADDRESS_MAX];
	struct record_wire wire;
	struct record_forward forwards[RECORD_FORWARD_MAX];
};

/* Bytes that flat_write will write; at most RECORD_BYTES_MAX. Strings and arrays over their maximum are
 * cut, NULL strings are "". */
size_t flat_bytes(const struct record *record);
void flat_write(const struct record *record, uint8_t *out);

/* The same for workers, who measure the texts once for both. */
size_t flat_measure(const struct record *record, struct flat_texts *texts);
void flat_put(const struct record *record, const struct flat_texts *texts, uint8_t *out);

/* A name in wire form; returns its bytes, or PF_EINVAL. */
PF_MUST_CHECK int flat_name_read(const uint8_t *bytes, size_t length, struct dns_name *name);

/* A record's key are those of its bytes that say all but its time: queries with the same bytes are of one kind. Only looks, and
 * checks nothing but lengths: whoever has met the same key before has checked it then. False: there is more to the record than
 * its key, or it is none, so it must be read. `digest` is left alone. */
bool flat_look(const uint8_t *bytes, size_t length, struct sink_brief *out);

/* The key of a record that did not stand in a ring. Writes to `out`, in which `*key` begins somewhere; returns its length. */
#define FLAT_KEY_MAX                                                                               \
	(128 + NAME_WIRE_MAX + DEVICE_ID_MAX + DEVICE_NAME_MAX + RECORD_RULE_MAX + RECORD_REASON_MAX + \
	 RECORD_UPSTREAM_MAX)
size_t flat_key_write(const struct record *record, uint8_t out[FLAT_KEY_MAX], const uint8_t **key);

/* Its messages (flat_wire.c): writes to `out`, returns what stands behind them. */
size_t flat_wire_bytes(const struct record_wire *wire);
uint8_t *flat_wire_write(const struct record_wire *wire, uint8_t *out);
#define FLAT_WIRE_MAX                                               \
	(128 + RECORD_QUERY_MAX + RECORD_RESPONSE_MAX + NAME_WIRE_MAX + \
	 RECORD_FORWARD_MAX * (64 + RECORD_QUERY_MAX + RECORD_RESPONSE_MAX))
/* Reads them. Returns what stands behind them, before or at `end`; NULL when they are none. */
const uint8_t *flat_wire_read(const uint8_t *bytes, const uint8_t *end, struct flat_record *out);

/* PF_EINVAL when the bytes are no record. */
PF_MUST_CHECK int flat_read(const uint8_t *bytes, size_t length, struct flat_record *out);

/* The same for who looks into neither name nor answer, and takes texts by their lengths: `record` has no name and no answer, and
 * in name_wire and in the texts, within their lengths, stands what was in the ring. */
PF_MUST_CHECK int flat_open(const uint8_t *bytes, size_t length, struct flat_record *out);

#endif
