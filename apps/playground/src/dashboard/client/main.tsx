// The page's entry: puts the application into the document.
import { render } from "preact";
import { App } from "./components/app.tsx";
import "./styles/main.css";

const root = document.getElementById("root");
if (root !== null) render(<App />, root);
