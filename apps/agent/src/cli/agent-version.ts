/** Version of the agent, as told to the coordinator and shown by `--version`. */
export const agentVersion = '0.1.0';
