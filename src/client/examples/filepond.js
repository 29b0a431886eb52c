// FilePond: every file goes through a workflow before FilePond uploads it.
//
//   registerPlugin(pixelmillPlugin(await connect({ base }), workflow));

export const pixelmillPlugin = (client, workflow) => ({ addFilter }) => {
  addFilter("PREPARE_OUTPUT", async (file) => {
    const [result] = await client.processFile(file, workflow);
    return result;
  });
  return { options: {} };
};
