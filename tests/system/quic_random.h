/* What libngtcp2 wants of both ends that is random: quic_client.c and quic_server.c. */
#ifndef PF_QUIC_RANDOM_H
#define PF_QUIC_RANDOM_H

#include <ngtcp2/ngtcp2.h>
#include <sys/random.h>

static void fill_random(uint8_t *bytes, size_t length, const ngtcp2_rand_ctx *context)
{
	(void)context;
	(void)!getrandom(bytes, length, 0);
}

static int new_id(ngtcp2_conn *quic, ngtcp2_cid *id, uint8_t *token, size_t length, void *data)
{
	(void)quic, (void)data;
	id->datalen = length;
	(void)!getrandom(id->data, length, 0);
	(void)!getrandom(token, NGTCP2_STATELESS_RESET_TOKENLEN, 0);
	return 0;
}

#endif
