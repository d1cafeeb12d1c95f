const missingIsNull = 'a charge that is missing reads like one that is null; the compiler asks for the difference';

/** Generated mutants that are the same decider, and why. A mutant that survives and is not here fails the run. */
export const equivalentMutants: Readonly<Record<string, string>> = {
  "payment: rememberStock: payment.status === 'awaiting' && payment.amount -> (payment.amount)":
    'only a waiting payment has an amount; the compiler asks for the difference',
  "payment: hearProvider: !('charge' in payment) || !payment.charge -> (!payment.charge)": missingIsNull,
  "payment: evolve: 'charge' in payment && payment.charge -> ('charge' in payment)": missingIsNull,
  "payment: evolve: 'charge' in payment && payment.charge -> (payment.charge)": missingIsNull,
  "payment: evolve: 'charge' in payment && payment.charge ? { status: 'closed', charge: payment.charge, intentId: payment.intentId } : { status: 'closed', charge: null, intentId: null } -> ({ status: 'closed', charge: payment.charge, intentId: payment.intentId })":
    missingIsNull,
};
