/* Private to journal/: a record as flat bytes, as it stands in a ring. The bytes are read by the machine that
 * wrote them (host byte order), but never trusted: reading checks every length. */
#ifndef PF_JOURNAL_FLAT_H
#define PF_JOURNAL_FLAT_H

#include "journal/record.h"
#include "journal/sink.h"

/* Names the layout; one more with each change of it: rings outlive the program that filled them. */
#define FLAT_FORMAT 5

/* The form: the head, the name, five texts each with its NUL, the messages, the answer. The structs are laid out without padding, so that no
 * byte in a ring is undefined. */
struct flat_head {
	int64_t time_wall_us;
	uint32_t took_us;
	uint8_t marks; /* enum flat_mark */
	uint8_t unused[3];
	/* With the texts behind it this is a record's key. */
	struct flat_key {
		uint64_t answer_id;
		uint16_t type, rule;
		uint16_t reason_length;
		uint8_t device_id_length, device_name_length, rule_name_length, upstream_length;
		uint8_t name_length;
		uint8_t rcode, action, source, standing, confidence;
		uint8_t protocol, dnssec, privacy, dropped_reply;
		struct addr client;
		uint8_t unused[3];
	} key;
};

enum flat_mark { FLAT_ANSWER = 1, FLAT_WIRE = 2 };

/* Of the messages: then come what was matched, the query and the response (each only when it is short enough to be carried along), and the
 * questions to upstreams. */
struct flat_wire_head {
	uint16_t client_port, server_port, query_length, response_length;
	struct addr server;
	uint8_t match, matched_length, forward_count;
	uint8_t unused[4];
};

/* Where the parts of a record are. Of the name, the texts and what was matched it is known only that they end before the record does: what stands
 * in them is not looked at. */
struct flat_opened {
	struct flat_head head;
	const uint8_t *name;
	const char *device_id, *device_name, *rule_name, *reason, *upstream;
	/* Of a record with FLAT_WIRE: */
	struct flat_wire_head wire;
	const uint8_t *matched;
	struct record_message query, response;
	const uint8_t *forwards; /* the first question to an upstream */
	/* Of each record: what stands behind texts and messages, an answer or nothing. */
	const uint8_t *rest, *end;
};

/* PF_EINVAL when the bytes are no record. */
PF_MUST_CHECK int flat_open(const uint8_t *bytes, size_t length, struct flat_opened *out);

/* The question to an upstream that stands at `at`. Returns what stands behind it; NULL when it is none. */
const uint8_t *flat_forward_read(const uint8_t *at, const uint8_t *end, struct record_forward *out);

/* A record that was read back. The pointers of `record` point into this struct and into the bytes that it
 * was read from. Some 900 KB: one of them lives on the heap. */
struct flat_record {
	struct flat_opened opened;
	struct record record;
	struct dns_name name;
	struct record_answer answer;
	struct dns_name hops[RECORD_HOP_MAX];
	struct record_address addresses[RECORD_ADDRESS_MAX];
	struct record_wire wire;
	struct record_forward forwards[RECORD_FORWARD_MAX];
};

/* PF_EINVAL when the bytes are no record. */
PF_MUST_CHECK int flat_read(const uint8_t *bytes, size_t length, struct flat_record *out);

/* Bytes that flat_write will write; at most RECORD_BYTES_MAX. Strings and arrays over their maximum are
 * cut, NULL strings are "". */
size_t flat_bytes(const struct record *record);
void flat_write(const struct record *record, uint8_t *out);

/* The same for workers, who measure the texts once for both: bytes, without their NUL. */
struct flat_texts {
	uint16_t reason;
	uint8_t device_id, device_name, rule_name, upstream;
};
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
/* The messages at `rest` of a record that is being opened. PF_EINVAL when they are none. */
PF_MUST_CHECK int flat_wire_open(struct flat_opened *opened);
/* Reads what was opened into `wire` and `forwards`. Returns what stands behind the last; NULL when they are none. */
const uint8_t *flat_wire_read(struct flat_record *out);

#endif
