/* What is done with the clients, one after the other; each phase prints a line of JSON. */
#ifndef PHASES_H
#define PHASES_H

#include <stdbool.h>

/* Whether nearly all clients came up: the other phases make no sense without them. */
bool phase_connect(void);

/* Runs those of the other phases that the options ask for. */
void phases_run(void);

#endif
