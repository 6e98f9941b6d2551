/* Private to capture/: which MAC stands before how many addresses? A router's is the MAC of all that is behind it, and no device. */
#ifndef PF_CAPTURE_CLIENTS_H
#define PF_CAPTURE_CLIENTS_H

#include "base/addr.h"
#include "base/hash.h"

#define CLIENTS_MAX 16384 /* MACs; those behind them are believed as they are */

struct clients;

struct clients *clients_new(void);
void clients_free(struct clients **clients);
/* Notes that `mac` has asked from `addr`. Does it stand before more than REPLAY_ROUTER_ADDRESSES addresses of IPv4? */
bool clients_is_router(struct clients *clients, const struct mac *mac, const struct addr *addr);
size_t clients_routers(const struct clients *clients);

#endif
