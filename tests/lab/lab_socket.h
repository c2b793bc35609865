/* What the kernel knows about a connection. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* Segments that carried data to us so far. */
uint32_t lab_socket_segments_in(int fd);

/* Segments that we sent so far, acknowledgements included: one for each time that something came. */
uint32_t lab_socket_segments_out(int fd);

/* From now on everything that comes is acknowledged at once, as it is when a connection is young. */
void lab_socket_acknowledge(int fd);

/* The client has not closed yet; what was read so far may lag behind. */
bool lab_socket_is_established(int fd);
