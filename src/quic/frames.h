/* What stands in one packet of QUIC, before libngtcp2 reads it: it holds that a peer gives and retires ids of connections as an honest one
 * does, and ends the process when it does not (up to 1.x: an id that is retired twice before we hear that the first word of it has come,
 * or a 17th such id). So nothing that could make it do that gets to it. */
#ifndef PF_QUIC_FRAMES_H
#define PF_QUIC_FRAMES_H

#include <stddef.h>
#include <stdint.h>

#define QUIC_PEER_IDS_MAX \
	16 /* that a peer may give in the life of a connection, with its first; libngtcp2 can retire as many */

/* Changes the frames of a packet, in place:
 * - a NEW_CONNECTION_ID with a number that is the first id's, or from QUIC_PEER_IDS_MAX on, becomes PADDING;
 * - one that wants more ids retired (Retire Prior To) than `retire_max`, which is 0 or 1, wants that many;
 * - one that can not be read becomes a type that is none, for which libngtcp2 ends the connection (FRAME_ENCODING_ERROR). */
void quic_frames_tame(uint8_t *bytes, size_t length, uint8_t retire_max);

#endif
