/* The signatures of tsig.h, over GnuTLS' HMAC. Not ldns': its verifier takes one message at a time, but name servers sign only
 * every hundredth message of a transfer (NSD: every 96th), and the MAC is over all since the last one. */
#include "dns/tsig.h"

#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>
#include <string.h>

#include "dns/wire.h"

#define TYPE_TSIG 250
#define CLASS_ANY 255
#define TIMERS_BYTES 8 /* time signed (48 bits) and fudge */
#define RDATA_FIXED 16 /* timers, MAC size; behind the MAC: original id, error, other length */

struct algorithm {
	gnutls_mac_algorithm_t id;
	size_t mac_length;
	const char *name;
};

static const struct algorithm algorithms[] = {
	[TSIG_HMAC_SHA256] = {GNUTLS_MAC_SHA256, 32, "hmac-sha256"},
	[TSIG_HMAC_SHA384] = {GNUTLS_MAC_SHA384, 48, "hmac-sha384"},
	[TSIG_HMAC_SHA512] = {GNUTLS_MAC_SHA512, 64, "hmac-sha512"},
};

/* A TSIG record as it came. */
struct tsig {
	size_t at; /* where the record begins */
	struct dns_name key, algorithm;
	const uint8_t *timers;
	const uint8_t *mac;
	size_t mac_length;
	uint16_t original_id, error, other_length;
	const uint8_t *other;
};

/* ---- secrets ----------------------------------------------------------------------------- */

int tsig_secret_parse(const char *text, size_t length, struct tsig_key *key)
{
	while (length && strchr(" \t\r\n", text[length - 1]))
		length--;
	while (length && strchr(" \t\r\n", *text)) {
		text++;
		length--;
	}
	if (!length || length > UINT16_MAX)
		return PF_EINVAL;
	gnutls_datum_t in = {(unsigned char *)(uintptr_t)text, (unsigned)length}, out = {NULL, 0};
	if (gnutls_base64_decode2(&in, &out))
		return PF_EINVAL;
	int result = out.size == 0 ? PF_EINVAL : out.size > sizeof key->secret ? PF_EFULL : PF_OK;
	if (result == PF_OK) {
		memcpy(key->secret, out.data, out.size);
		key->secret_length = out.size;
	}
	gnutls_memset(out.data, 0, out.size);
	gnutls_free(out.data);
	return result;
}

/* ---- digests ----------------------------------------------------------------------------- */

static int begin(struct tsig_session *session)
{
	gnutls_hmac_hd_t hmac = NULL;
	const struct tsig_key *key = session->key;
	if (gnutls_hmac_init(&hmac, algorithms[key->algorithm].id, key->secret, key->secret_length))
		return PF_ENOMEM;
	session->hmac = hmac;
	return PF_OK;
}

static void feed(struct tsig_session *session, const void *bytes, size_t length)
{
	if (length)
		(void)gnutls_hmac(session->hmac, bytes, length);
}

static void feed16(struct tsig_session *session, uint16_t value)
{
	uint8_t bytes[2];
	dns_write16(bytes, value);
	feed(session, bytes, sizeof bytes);
}

static void end(struct tsig_session *session, uint8_t mac[TSIG_MAC_MAX])
{
	gnutls_hmac_deinit(session->hmac, mac);
	session->hmac = NULL;
}

void tsig_deinit(struct tsig_session *session)
{
	uint8_t mac[TSIG_MAC_MAX];
	if (session->hmac)
		end(session, mac);
}

/* RFC 8945, 4.3.3: name, class, TTL, algorithm, timers, error, other data. */
static void feed_variables(struct tsig_session *session, const struct dns_name *algorithm,
                           const uint8_t *timers, uint16_t error, const uint8_t *other,
                           uint16_t other_length)
{
	static const uint8_t class_and_ttl[6] = {0, CLASS_ANY, 0, 0, 0, 0};
	feed(session, session->key->name.wire, session->key->name.length);
	feed(session, class_and_ttl, sizeof class_and_ttl);
	feed(session, algorithm->wire, algorithm->length);
	feed(session, timers, TIMERS_BYTES);
	feed16(session, error);
	feed16(session, other_length);
	feed(session, other, other_length);
}

static void write_timers(uint8_t timers[TIMERS_BYTES], uint64_t wall_s)
{
	dns_write16(timers, (uint16_t)(wall_s >> 32));
	dns_write32(timers + 2, (uint32_t)wall_s);
	dns_write16(timers + 6, TSIG_FUDGE_S);
}

/* ---- signing ----------------------------------------------------------------------------- */

/* Returns the new length of the message. */
static size_t append_record(uint8_t *message, size_t length, const struct tsig *tsig)
{
	uint8_t *at = message + length;
	memcpy(at, tsig->key.wire, tsig->key.length);
	at += tsig->key.length;
	dns_write16(at, TYPE_TSIG);
	dns_write16(at + 2, CLASS_ANY);
	dns_write32(at + 4, 0);
	dns_write16(at + 8, (uint16_t)(tsig->algorithm.length + RDATA_FIXED + tsig->mac_length +
	                               tsig->other_length));
	at += WIRE_RECORD_FIXED;
	memcpy(at, tsig->algorithm.wire, tsig->algorithm.length);
	at += tsig->algorithm.length;
	memcpy(at, tsig->timers, TIMERS_BYTES);
	dns_write16(at + TIMERS_BYTES, (uint16_t)tsig->mac_length);
	at += TIMERS_BYTES + 2;
	memcpy(at, tsig->mac, tsig->mac_length);
	at += tsig->mac_length;
	dns_write16(at, tsig->original_id);
	dns_write16(at + 2, tsig->error);
	dns_write16(at + 4, tsig->other_length);
	if (tsig->other_length)
		memcpy(at + 6, tsig->other, tsig->other_length);
	at += 6 + tsig->other_length;
	dns_write16(message + 10, (uint16_t)(dns_read16(message + 10) + 1));
	return (size_t)(at - message);
}

int tsig_sign(struct tsig_session *session, const struct tsig_key *key, uint8_t *message,
              size_t length, uint64_t wall_s)
{
	struct dns_name algorithm;
	uint8_t timers[TIMERS_BYTES];
	*session = (struct tsig_session){.key = key};
	if (dns_name_from_text(algorithms[key->algorithm].name, &algorithm) != PF_OK ||
	    begin(session) != PF_OK)
		return PF_ENOMEM;
	write_timers(timers, wall_s);
	feed(session, message, length);
	feed_variables(session, &algorithm, timers, 0, NULL, 0);
	end(session, session->mac);
	session->mac_length = algorithms[key->algorithm].mac_length;

	const struct tsig tsig = {.key = key->name,
	                          .algorithm = algorithm,
	                          .timers = timers,
	                          .mac = session->mac,
	                          .mac_length = session->mac_length,
	                          .original_id = dns_read16(message)};
	length = append_record(message, length, &tsig);
	/* What follows begins with this MAC (RFC 8945, 5.3). */
	if (begin(session) != PF_OK)
		return PF_ENOMEM;
	feed16(session, (uint16_t)session->mac_length);
	feed(session, session->mac, session->mac_length);
	return (int)length;
}

/* ---- verifying --------------------------------------------------------------------------- */

static bool read_rdata(const uint8_t *message, const struct wire_record *record, struct tsig *tsig)
{
	size_t end_at = (size_t)record->rdata + record->rdata_length;
	/* Without pointers, and bounded by the record: 0 pointers are allowed (RFC 8945, 4.2). */
	int taken = dns_name_from_wire(message, end_at, record->rdata, false, &tsig->algorithm);
	if (taken < 0 || record->rdata_length < (size_t)taken + RDATA_FIXED)
		return false;
	const uint8_t *at = message + record->rdata + taken;
	size_t left = record->rdata_length - (size_t)taken - RDATA_FIXED;
	tsig->timers = at;
	tsig->mac_length = dns_read16(at + TIMERS_BYTES);
	tsig->mac = at + TIMERS_BYTES + 2;
	if (tsig->mac_length > left)
		return false;
	left -= tsig->mac_length;
	at = tsig->mac + tsig->mac_length;
	tsig->original_id = dns_read16(at);
	tsig->error = dns_read16(at + 2);
	tsig->other_length = dns_read16(at + 4);
	tsig->other = at + 6;
	return tsig->other_length == left;
}

/* Finds the TSIG record, which stands at the very end or nowhere: 1, 0 when there is none, PF_EINVAL. */
static int find(const uint8_t *message, size_t length, struct tsig *tsig)
{
	struct dns_name name;
	size_t at = DNS_HEADER_BYTES;
	for (unsigned left = dns_read16(message + 4); left; left--) {
		int taken = dns_name_from_wire(message, length, at, false, &name);
		if (taken < 0 || length - at - (size_t)taken < 4)
			return PF_EINVAL;
		at += (size_t)taken + 4;
	}
	unsigned additional = dns_read16(message + 10);
	unsigned count = dns_read16(message + 6) + dns_read16(message + 8) + additional;
	struct wire_record record = {0};
	for (; count; count--) {
		int end_at = wire_record_read(message, length, at, &record);
		if (end_at < 0)
			return PF_EINVAL;
		if (record.type == TYPE_TSIG && (count > 1 || !additional))
			return PF_EINVAL;
		tsig->at = at;
		at = (size_t)end_at;
	}
	if (at != length)
		return PF_EINVAL;
	if (record.type != TYPE_TSIG)
		return 0;
	if (record.class != CLASS_ANY || record.ttl ||
	    dns_name_from_wire(message, length, tsig->at, true, &tsig->key) < 0)
		return PF_EINVAL;
	return read_rdata(message, &record, tsig) ? 1 : PF_EINVAL;
}

/* Does it say our key and our algorithm, with a whole MAC? */
static bool is_ours(const struct tsig_session *session, const struct tsig *tsig)
{
	struct dns_name algorithm;
	return dns_name_equal(&tsig->key, &session->key->name) &&
	       dns_name_from_text(algorithms[session->key->algorithm].name, &algorithm) == PF_OK &&
	       dns_name_equal(&tsig->algorithm, &algorithm) && tsig->mac_length == session->mac_length;
}

static bool is_in_time(const struct tsig *tsig, uint64_t wall_s)
{
	uint64_t signed_s = (uint64_t)dns_read16(tsig->timers) << 32 | dns_read32(tsig->timers + 2);
	uint64_t apart_s = signed_s > wall_s ? signed_s - wall_s : wall_s - signed_s;
	return apart_s <= dns_read16(tsig->timers + 6);
}

static enum tsig_result verify(struct tsig_session *session, const uint8_t *message,
                               const struct tsig *tsig, uint64_t wall_s)
{
	uint8_t header[DNS_HEADER_BYTES], mac[TSIG_MAC_MAX];
	memcpy(header, message, sizeof header);
	dns_write16(header, tsig->original_id);
	dns_write16(header + 10, (uint16_t)(dns_read16(header + 10) - 1));
	feed(session, header, sizeof header);
	feed(session, message + sizeof header, tsig->at - sizeof header);
	if (session->any_verified)
		feed(session, tsig->timers, TIMERS_BYTES);
	else
		feed_variables(session, &tsig->algorithm, tsig->timers, tsig->error, tsig->other,
		               tsig->other_length);
	end(session, mac);
	if (gnutls_memcmp(mac, tsig->mac, session->mac_length))
		return TSIG_BAD;
	memcpy(session->mac, mac, session->mac_length);
	session->any_verified = true;
	session->unsigned_count = 0;
	if (begin(session) != PF_OK)
		return TSIG_NO_MEMORY;
	feed16(session, (uint16_t)session->mac_length);
	feed(session, session->mac, session->mac_length);
	return is_in_time(tsig, wall_s) ? TSIG_OK : TSIG_BAD_TIME;
}

enum tsig_result tsig_verify(struct tsig_session *session, uint8_t *message, size_t length,
                             uint64_t wall_s, size_t *stripped, unsigned *error)
{
	struct tsig tsig;
	*stripped = length;
	*error = 0;
	if (!session->hmac || length < DNS_HEADER_BYTES)
		return TSIG_BAD;
	int found = find(message, length, &tsig);
	if (found < 0)
		return TSIG_BAD;
	if (!found) {
		if (!session->any_verified || ++session->unsigned_count > TSIG_UNSIGNED_MAX)
			return TSIG_MISSING;
		feed(session, message, length);
		return TSIG_PENDING;
	}
	if (tsig.error) {
		*error = tsig.error;
		return TSIG_REFUSED;
	}
	if (!is_ours(session, &tsig))
		return TSIG_BAD;
	enum tsig_result result = verify(session, message, &tsig, wall_s);
	if (result != TSIG_OK)
		return result;
	*stripped = tsig.at;
	dns_write16(message + 10, (uint16_t)(dns_read16(message + 10) - 1));
	return TSIG_OK;
}

/* ---- answering --------------------------------------------------------------------------- */

enum tsig_result tsig_request_verify(struct tsig_request *request, const struct tsig_key *key,
                                     const uint8_t *message, size_t length, uint64_t wall_s)
{
	struct tsig tsig;
	*request = (struct tsig_request){.session = {.key = key}};
	int found = length < DNS_HEADER_BYTES ? PF_EINVAL : find(message, length, &tsig);
	if (found <= 0)
		return found < 0 ? TSIG_BAD : TSIG_MISSING;
	request->is_signed = true;
	request->key = tsig.key;
	request->algorithm = tsig.algorithm;
	memcpy(request->timers, tsig.timers, sizeof request->timers);
	if (key)
		request->session.mac_length = algorithms[key->algorithm].mac_length;
	if (!key || !is_ours(&request->session, &tsig)) {
		request->error = TSIG_BADKEY;
		return TSIG_REFUSED;
	}
	if (begin(&request->session) != PF_OK)
		return TSIG_NO_MEMORY;
	enum tsig_result result = verify(&request->session, message, &tsig, wall_s);
	if (result == TSIG_BAD)
		request->error = TSIG_BADSIG;
	else if (result == TSIG_BAD_TIME)
		request->error = TSIG_BADTIME;
	return request->error ? TSIG_REFUSED : result;
}

int tsig_answer(struct tsig_request *request, uint8_t *message, size_t length, uint64_t wall_s)
{
	struct tsig_session *session = &request->session;
	uint8_t timers[TIMERS_BYTES], now[TIMERS_BYTES];
	bool late = request->error == TSIG_BADTIME;
	write_timers(now, wall_s);
	/* Whoever is late hears our time, under his own (RFC 8945, 5.2.3). */
	memcpy(timers, late ? request->timers : now, sizeof timers);
	struct tsig tsig = {.key = request->key,
	                    .algorithm = request->algorithm,
	                    .timers = timers,
	                    .mac = session->mac,
	                    .original_id = dns_read16(message),
	                    .error = (uint16_t)request->error,
	                    .other = now,
	                    .other_length = late ? 6 : 0};
	if (request->error && !late)
		return (int)append_record(message, length, &tsig);
	if (!session->hmac)
		return PF_ENOMEM;
	feed(session, message, length);
	feed_variables(session, &tsig.algorithm, timers, tsig.error, tsig.other, tsig.other_length);
	end(session, session->mac);
	tsig.mac_length = session->mac_length;
	return (int)append_record(message, length, &tsig);
}
