/** Discussions of notebooks and files in JupyterLab 4 and Notebook 7. */
import { plugin } from "./plugin";

export default plugin;
