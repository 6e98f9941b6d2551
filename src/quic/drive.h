/* What both ends of a connection of QUIC do alike. libngtcp2 keeps the protocol: it is fed datagrams and the time, and writes
 * datagrams; whose sockets and timers they are is its user's. */
#ifndef PF_QUIC_DRIVE_H
#define PF_QUIC_DRIVE_H

#include <ngtcp2/ngtcp2.h>
#include <ngtcp2/ngtcp2_crypto.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/addr.h"
#include "base/clock.h"
#include "quic/doq.h"
#include "tls/quic.h"

#define QUIC_ID_BYTES 12         /* of ids that we choose */
#define QUIC_DATAGRAM_BYTES 1452 /* the most that we send; it begins with 1200 */
#define QUIC_NS_PER_MS UINT64_C(1000000)

static inline ngtcp2_tstamp quic_stamp(struct now now)
{
	return (ngtcp2_tstamp)now.mono_us * 1000;
}

/* What is to be written in one stream, and then its end. */
struct quic_out {
	int64_t stream;
	/* NULL: nothing. They stay until the stream is closed: what is lost on the way is sent again. */
	uint8_t *bytes;
	size_t length, sent;
	bool done;    /* with the end */
	bool blocked; /* the other side has no room for it */
};

static inline bool quic_out_waits(const struct quic_out *out)
{
	return out->bytes && !out->done && !out->blocked;
}

/* Writes one datagram, with as much as fits of what waits; `next` tells which, NULL: none. Returns its length, 0: there is nothing, or it
 * must wait; less: it failed. */
ngtcp2_ssize quic_write(ngtcp2_conn *quic, ngtcp2_path *path, uint8_t slot[QUIC_DATAGRAM_BYTES],
                        struct quic_out *(*next)(void *data), void *data, ngtcp2_tstamp at);

/* What is to happen when libngtcp2 has said `reason`: false: the other side knows, or is gone. Else it is told `error`, which is
 * `broken` if that is one. */
bool quic_farewell(ngtcp2_conn *quic, int reason, enum doq_error broken,
                   ngtcp2_connection_close_error *error);

/* When it wants to be asked again, or at `limit` if that is sooner: in so many milliseconds. */
uint64_t quic_wait_ms(ngtcp2_conn *quic, ngtcp2_tstamp limit, struct now now);

/* The callbacks that are cryptography only. */
void quic_call_crypto(ngtcp2_callbacks *callbacks);
/* After that, of a peer that may move: it retires none of the ids that it has given, so ours for it changes only when it moves. */
void quic_call_mover(ngtcp2_callbacks *callbacks);

/* For `handshake_completed`: what it is to return when the other side does not speak DNS within, else 0. */
int quic_check_application(ngtcp2_conn *quic, const struct tls_quic *tls);

#endif
