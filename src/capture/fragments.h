/* Private to capture/: fragments of IP datagrams until they are whole (RFC 791, RFC 8200, 4.5). Datagrams whose fragments
 * overlap are refused whole (RFC 5722): which of two contents a host believed can not be known. */
#ifndef PF_CAPTURE_FRAGMENTS_H
#define PF_CAPTURE_FRAGMENTS_H

#include "capture/ip.h"

#define FRAGMENTS_DATAGRAM_MAX 256 /* under way at once: 16 MB */
#define FRAGMENTS_PIECE_MAX 64     /* of one datagram; 44 carry 64 kB through Ethernet */
#define FRAGMENTS_WAIT_US (30 * INT64_C(1000000)) /* hosts wait 15 to 60 s */

struct fragments;

struct fragments *fragments_new(struct capture_counts *counts);
void fragments_free(struct fragments **fragments);
/* Adds one. PF_OK when the datagram is whole: then `payload` is it, good until the next call; PF_ENOENT: it waits, or was
 * counted; PF_ENOMEM. */
int fragments_add(struct fragments *fragments, const struct ends *ends, int64_t wall_us,
                  struct ip_payload *payload);
/* What is not whole is counted. */
void fragments_end(struct fragments *fragments);

#endif
