/* Transaction signatures (RFC 8945) of a client that asks for a zone: signs its requests, and proves
 * that every message of the answer, however many, came from who has the secret; and of whoever is told that the zone has
 * changed, in one message and one answer. */
#ifndef PF_DNS_TSIG_H
#define PF_DNS_TSIG_H

#include <stdbool.h>

#include "dns/dns.h"
#include "dns/name.h"

#define TSIG_SECRET_MAX 256  /* bytes; longer than a block of any of the hashes */
#define TSIG_MAC_MAX 64      /* SHA-512 */
#define TSIG_RECORD_MAX 700  /* two names, the fixed fields, a MAC, the other data */
#define TSIG_UNSIGNED_MAX 99 /* messages between two signed ones (RFC 8945, 5.3.1) */
#define TSIG_FUDGE_S 300     /* recommended by RFC 8945, 10 */

enum tsig_algorithm { TSIG_HMAC_SHA256, TSIG_HMAC_SHA384, TSIG_HMAC_SHA512 };

struct tsig_key {
	struct dns_name name;
	enum tsig_algorithm algorithm;
	size_t secret_length;
	uint8_t secret[TSIG_SECRET_MAX];
};

/* Reads a secret from base64 text, as in the configuration of name servers; blanks around it are
 * stepped over. PF_EINVAL, PF_EFULL. */
PF_MUST_CHECK int tsig_secret_parse(const char *text, size_t length, struct tsig_key *key);

/* One exchange: a signed request and the messages that answer it. */
struct tsig_session {
	const struct tsig_key *key; /* borrowed */
	bool any_verified;
	unsigned unsigned_count; /* messages since the last signed one */
	size_t mac_length;
	uint8_t mac[TSIG_MAC_MAX]; /* of the request, then of the last signed message */
	void *hmac;                /* the digest under way; owned, NULL at rest */
};

/* Appends the TSIG record to a request of `length` bytes in `message`, which has room for TSIG_RECORD_MAX more.
 * The new length, or PF_ENOMEM. `wall_s` is the time of signing. */
PF_MUST_CHECK int tsig_sign(struct tsig_session *session, const struct tsig_key *key,
                            uint8_t *message, size_t length, uint64_t wall_s);

enum tsig_result {
	TSIG_OK,      /* signed by the key, and everything since the last such message with it */
	TSIG_PENDING, /* without a signature, as up to TSIG_UNSIGNED_MAX may be: a later one must prove it */
	TSIG_MISSING,  /* the first message, or too many in a row, have none */
	TSIG_BAD,      /* another key or algorithm, a wrong MAC, malformed */
	TSIG_BAD_TIME, /* right, but our clocks differ by more than the fudge */
	TSIG_REFUSED,  /* the server says that it does not take our key, signature or time: `*error` */
	TSIG_NO_MEMORY,
};

/* The next message of the answer, whole and in order. `*stripped` is its length without the TSIG record, ARCOUNT in the
 * header is corrected. Nothing of the answer may be used before TSIG_OK was said for its last message. */
enum tsig_result tsig_verify(struct tsig_session *session, uint8_t *message, size_t length,
                             uint64_t wall_s, size_t *stripped, unsigned *error);

/* A request that somebody else has sent, and how it was signed: what an answer to it needs. */
struct tsig_request {
	struct tsig_session session;
	bool is_signed; /* it has a TSIG record, which could be read */
	unsigned error; /* of the answer: 0, or TSIG_BADSIG … */
	struct dns_name key, algorithm;
	uint8_t timers[8];
};
#define TSIG_BADSIG 16
#define TSIG_BADKEY 17
#define TSIG_BADTIME 18

/* Reads and proves the signature of a request, which is left as it is. `key` NULL: we have none. TSIG_OK; TSIG_MISSING when
 * it has none; TSIG_REFUSED and `request->error`, which the answer must say, with the RCODE NOTAUTH (RFC 8945, 5.2);
 * TSIG_BAD when it is malformed; TSIG_NO_MEMORY. Then tsig_deinit(&request->session), whatever it was. */
enum tsig_result tsig_request_verify(struct tsig_request *request, const struct tsig_key *key,
                                     const uint8_t *message, size_t length, uint64_t wall_s);

/* Appends the TSIG record to the answer to a signed request, in `message` with room for TSIG_RECORD_MAX more; signed, unless
 * the request's key or signature was wrong. The new length, or PF_ENOMEM. */
PF_MUST_CHECK int tsig_answer(struct tsig_request *request, uint8_t *message, size_t length,
                              uint64_t wall_s);

void tsig_deinit(struct tsig_session *session);

#endif
