/* No DNS over QUIC in this build: the configuration does not let it come so far. */
#include "net/quic.h"

int quic_listen(struct quic_server **server, uv_loop_t *loop, struct pipeline *pipeline,
                struct socket_pair *pair)
{
	(void)server, (void)loop, (void)pipeline, (void)pair;
	return PF_EIO;
}

void quic_server_stop(struct quic_server *server)
{
	(void)server;
}

void quic_server_flush(struct quic_server *server)
{
	(void)server;
}

void quic_server_close(struct quic_server *server)
{
	(void)server;
}

void quic_server_free(struct quic_server **server)
{
	(void)server;
}
