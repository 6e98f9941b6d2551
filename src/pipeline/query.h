/* One query on its way through the house: its state, from the packet to the one reply and the one
 * journal record. It belongs to the worker that received it; only its pointer travels to the worker
 * whose flight it joined, and back. */
#ifndef PF_PIPELINE_QUERY_H
#define PF_PIPELINE_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "base/addr.h"
#include "base/clock.h"
#include "cache/cache.h"
#include "device/roster.h"
#include "dns/query.h"
#include "journal/record.h"
#include "lists/tails.h"
#include "value/device.h"
#include "value/facts.h"
#include "value/protocol.h"
#include "value/verdict.h"

struct pipeline;
struct snapshot;
struct policy_scratch;
struct list_set;
struct forward_trip;

/* How a flight ended for those who waited for it. */
enum flight_outcome {
	FLIGHT_ANSWERED,
	FLIGHT_TIMED_OUT,
	FLIGHT_NETWORK_ERROR,
	FLIGHT_REFUSED,
	FLIGHT_CROWDED,  /* too many queries of this client wait */
	FLIGHT_OUTDATED, /* a reload has taken the group away that was asked: search again */
};

/* Flights that one query waits for: names of one chain, and the same once more when a reload changes who is asked. */
#define QUERY_WAITS_MAX 8

/* What became of a query that was to be explained; all is borrowed. */
struct explanation {
	const struct snapshot *snapshot;
	struct policy_scratch *scratch;
	const struct verdict *verdict;
	const struct list_set *lists;        /* that hold the name */
	const struct list_set *hop_lists;    /* of each CNAME, or NULL */
	const struct list_set *answer_lists; /* that hold something of the answer */
	const struct cache_entry *entry;     /* the answer, or NULL */
	const struct answer *answer;         /* the same, with its addresses and hops, or NULL */
	const struct answer_facts *facts;    /* of it, or NULL */
	const char *reason;                  /* the sentence */
	unsigned rcode;                      /* that the client would get */
};

struct query {
	/* The transport's, zeroed for each query. */
	struct addr_port client;
	enum protocol protocol;
	/* Called exactly once, with `length` 0 when a rule said `drop`. The bytes are borrowed. Afterwards the
	 * transport must forget the query. */
	void (*reply)(struct query *query, const uint8_t *bytes, size_t length);
	void *transport;   /* the transport's own: the socket or the connection */
	struct addr local; /* UDP: the address that was asked; replies leave from it */
	const char *
		label; /* what the client calls itself within TLS (tls-id), in lower case; NULL: nothing; borrowed for
	                               the length of pipeline_receive */
	const struct addr_port
		*listener;      /* which of our sockets it came to; borrowed for its whole life */
	unsigned interface; /* UDP: its index, for link-local clients */
	socklen_t peer_length;

	/* The pipeline's own from here on, zeroed too. */
	struct pipeline *pipeline; /* its home */
	int waiting;               /* its place among the queries of its client that wait (limiter.h) */
	bool proven;  /* nobody has made its address up: it came over TCP, or with a cookie of ours */
	bool stale;   /* some of what it has was served past its time */
	bool sighted; /* the control thread was told that nobody knows it */
	enum record_source source;
	uint8_t waits, landed_count;
	enum flight_outcome outcome;
	/* For the journal's sinks that want the messages (wire.h): the packet, borrowed until the query waits for a flight and its own
	 * from then on; what the flights that it began have sent and received. */
	const uint8_t *packet;
	size_t packet_length;
	uint8_t *packet_kept;
	struct forward_trip *trips;
	/* Not a client's question but a person's: `portafilter explain`. Then there is neither reply nor
	 * record, and this is called instead, under rcu_read_lock. Such a query is the caller's memory. */
	void (*explained)(struct query *query, const struct explanation *explanation);
	void *explain_data;

	/* What is large is not zeroed: it is written before it is read. */
	struct now arrived;
	struct query *next; /* in a flight's waiters, a mailbox or the pool */
	/* In force when it came, or was resumed; good until it waits. */
	const struct snapshot *snapshot;
	struct cache_ask ask; /* the question, as the default group is asked */
	uint64_t note_hash;   /* the question, as the memo knows it (memo.h) */
	struct list_tails
		tails; /* of its name, where the lists of `snapshot` were told to expect it; else none */
	struct asker
		asker; /* the client, or whom a trusted forwarder asks for; a transport that knows the client's MAC
	                              without the kernel (a capture) puts it here before pipeline_receive */
	struct dns_query dns;
	struct device device;
	struct sockaddr_storage peer; /* UDP: where the reply goes, byte for byte as it came */
	/* The answers that flights brought, and one put together of them; references of its own. */
	struct cache_entry *landed[QUERY_WAITS_MAX + 1];
};
#define QUERY_ZEROED_BYTES offsetof(struct query, arrived)

#endif
