/* The second half of the simulation of zones: what their settings break where networks are faulty. */
#pragma once

/* Of 80 zones the first `divisor`th is simulated. Prints the table and checks it against the limits of the decision rule's own simulation. */
void zone_faults_simulate(unsigned divisor);
