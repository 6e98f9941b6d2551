/* One record of the journal, as a worker writes it: exactly one for each query, on every path. A
 * record is flat (fixed part, then its variable parts), so that it can stand in a ring.
 *
 * What an answer says (addresses, CNAMEs, facts) is kept once and not for each query: a record names
 * the answer by its 64-bit id, and carries its content along only when the worker does not
 * know it to be written already. */
#ifndef PF_JOURNAL_RECORD_H
#define PF_JOURNAL_RECORD_H

#include "base/addr.h"
#include "dns/name.h"
#include "value/device.h"
#include "value/dnssec.h"
#include "value/facts.h"
#include "value/privacy.h"
#include "value/protocol.h"
#include "value/verdict.h"

#define RECORD_BYTES_MAX \
	(5u << 18) /* an answer with RECORD_ADDRESS_MAX addresses and all that is said of them */
#define RECORD_REASON_MAX 1024
#define RECORD_UPSTREAM_MAX 96
#define RECORD_RULE_MAX 128
#define RECORD_EVIDENCE_MAX \
	160                   /* eight databases with short names; of more that is to say it is cut */
#define RECORD_HOP_MAX 16 /* as ANSWER_HOP_MAX of dns/answer.h */
#define RECORD_ADDRESS_MAX FACTS_ADDRESS_MAX /* more are cut off */
#define RECORD_QUERY_MAX \
	512 /* of a client's or our own question; a longer one is told by its length alone */
#define RECORD_RESPONSE_MAX \
	4096                      /* the longest over UDP; a longer one is told by its length alone */
#define RECORD_FORWARD_MAX 16 /* questions to upstreams for one query; more are cut off */

enum record_source { SOURCE_POLICY, SOURCE_CACHE, SOURCE_STALE, SOURCE_UPSTREAM };
/* "policy", "cache", "stale", "upstream" */
const char *record_source_word(enum record_source source);

/* An address of an answer with its facts, as text where the journal wants text. */
struct record_address {
	struct addr address;
	uint8_t standing, confidence;
	bool special, anycast;
	struct country location, control;
	uint32_t asn;
	char organisation[64];
	char evidence[RECORD_EVIDENCE_MAX]; /* "dbip 2026-06 CN, geo-whois 2026-06 CN" */
};

/* The content of an answer. Arrays are borrowed for the length of a call. */
struct record_answer {
	uint8_t standing, confidence;
	uint16_t overseas_count, judged_count;
	uint16_t hop_count, address_count;
	const struct dns_name *hops;
	const struct record_address *addresses;
};

/* A message as it was on the wire. */
struct record_message {
	uint16_t length;      /* 0: there was none */
	const uint8_t *bytes; /* NULL: none, or longer than what is carried along */
};

/* One question to an upstream, and what came back. */
struct record_forward {
	int64_t sent_wall_us, received_wall_us; /* received: 0 when nothing came */
	struct addr_port peer;
	uint16_t port; /* ours */
	enum protocol protocol;
	struct record_message query, response;
};

/* What made the rule match, for those who want it in the words of other programs. */
enum record_match {
	RECORD_MATCH_NONE,
	RECORD_MATCH_NAME,
	RECORD_MATCH_CLIENT,
	RECORD_MATCH_ADDRESS
};

/* The messages of a query. Only carried along when a sink wants them (sink.h). */
struct record_wire {
	uint16_t client_port;
	struct addr_port server; /* which address and port of ours was asked; family 0: not known */
	struct record_message query, response; /* at most RECORD_QUERY_MAX and RECORD_RESPONSE_MAX */
	uint8_t match;                         /* enum record_match */
	/* Of a name in wire form, 0: the one that was asked for; or of an address: 4, 16, 0: not known. */
	uint8_t matched_length;
	const uint8_t *matched;
	size_t forward_count;
	const struct record_forward *forwards;
};

/* What a worker hands over. All pointers are borrowed for the length of the call. */
struct record {
	int64_t time_wall_us; /* when the query arrived */
	uint32_t
		took_us; /* until the reply was ready; of a batch, whose replies leave together, until the first was */
	struct addr client;
	const char *device_id, *device_name;
	const struct dns_name *name;
	uint16_t type;
	uint8_t rcode;         /* of the reply; the sinkhole's when sinkholed */
	bool dropped_reply;    /* a rule said `drop`: no reply was sent */
	uint8_t action;        /* enum action */
	uint8_t source;        /* enum record_source */
	uint8_t protocol;      /* enum protocol; PROTOCOL_NONE: not known */
	uint8_t dnssec;        /* enum dnssec, of the answer */
	uint16_t rule;         /* from 1; 0: none */
	const char *rule_name; /* "" without a rule */
	const char *reason;    /* the sentence; "" without a rule */
	/* Bytes of these two where they are known; 0: they are not, or it is empty. */
	uint16_t rule_name_length, reason_length;
	const char *upstream;               /* who gave the answer; "" when none was asked for */
	uint8_t standing, confidence;       /* of the answer */
	uint8_t privacy;                    /* enum privacy; a device that is hidden is so already */
	uint64_t answer_id;                 /* 0: no answer */
	const struct record_answer *answer; /* NULL: written before */
	const struct record_wire *wire;     /* NULL: no sink wants it */
};

#endif
