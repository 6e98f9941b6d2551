/* Captures: files of packets (pcap, pcapng) and of dnstap frames become DNS messages, in the order and at the time
 * in which they were seen. What a file does not give is counted with its reason, and reading goes on.
 *
 *   file ─► frames ─► link ─► ip (fragments) ─► udp, tcp (streams) ─► messages ─► pairs ─► pipeline
 *
 * All bytes are a stranger's: every table has a maximum, and what has no room is counted. */
#ifndef PF_CAPTURE_CAPTURE_H
#define PF_CAPTURE_CAPTURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"

#define CAPTURE_DNS_PORT 53

/* Why something of a capture could not be used. */
enum damage {
	DAMAGE_FILE,          /* the file ends or breaks in the middle */
	DAMAGE_LINK,          /* a kind of link that is not understood */
	DAMAGE_CUT,           /* the packet was captured in part only (snaplen) */
	DAMAGE_HEADER,        /* link, IP, UDP or TCP headers that contradict themselves */
	DAMAGE_FRAGMENT,      /* fragments of a datagram are missing */
	DAMAGE_OVERLAP,       /* fragments that overlap (RFC 5722) */
	DAMAGE_FRAGMENT_FULL, /* more fragments at once than are kept */
	DAMAGE_STREAM_BEGIN,  /* a TCP stream begins in the middle of a message */
	DAMAGE_STREAM_GAP,    /* segments of a TCP stream are missing */
	DAMAGE_STREAM_END,    /* a TCP stream ends in the middle of a message */
	DAMAGE_STREAM_FULL,   /* more TCP streams at once than are kept */
	DAMAGE_SHORT,         /* shorter than the header of a DNS message */
	DAMAGE_QUESTION,      /* a question that gets FORMERR or silence */
	DAMAGE_ANSWER,        /* an answer that a resolver would not believe */
	DAMAGE_FRAME,         /* a dnstap frame that is none */
	DAMAGE_CLOCK,         /* a time before 1970 or behind the year 9999 */
	DAMAGE_COUNT,
};
/* "a TCP stream ends in the middle of a message" */
const char *damage_words(enum damage damage);

struct capture_counts {
	uint64_t packets; /* frames of the file, of whatever kind */
	uint64_t other;   /* of these: not DNS on port 53, or no message of a client in dnstap */
	/* Messages. When all times can be: questions = opcode_questions + damaged[DAMAGE_QUESTION] + paired + unanswered,
	 * answers = opcode_answers + paired + unasked. */
	uint64_t questions, answers;
	uint64_t opcode_questions,
		opcode_answers; /* NOTIFY, UPDATE …: none of them asks a resolver for a name */
	uint64_t paired, unanswered, unasked;
	uint64_t truncated; /* of `paired`: the answer has TC set; the client asks again over TCP */
	uint64_t damaged[DAMAGE_COUNT];
};

/* One DNS message. Bytes are borrowed for the length of the call; there are at least DNS_HEADER_BYTES of them. */
struct capture_message {
	int64_t wall_us;
	struct addr_port client, server;
	bool tcp;
	bool has_mac; /* the client's, as the frame says */
	struct mac mac;
	const uint8_t *bytes;
	size_t length;
	/* An answer of dnstap may carry its question along; NULL: none. */
	const uint8_t *question;
	size_t question_length;
};

/* Who takes the messages. */
struct capture_sink {
	void (*take)(void *data, const struct capture_message *message, bool is_answer);
	void *data;
	struct capture_counts *counts;
};

#endif
