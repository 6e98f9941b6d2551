/* The key that a response policy zone's primary and we share, from its file. */
#ifndef PF_CONFIG_SECRET_H
#define PF_CONFIG_SECRET_H

#include "config/config.h"

/* Reads it now. NULL, or a phrase why it can not be had; `rpz->tsig` is true. Whoever is done with the key clears it. */
const char *config_rpz_key(const struct config_rpz *rpz, struct tsig_key *key);

#endif
